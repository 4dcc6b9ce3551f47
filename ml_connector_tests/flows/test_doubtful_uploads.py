"""The test of uploads in doubt (benchmarks/fault_uploads.py), smaller."""

from benchmarks.fault_uploads import run_uploads


def test_what_is_in_doubt_is_found_out_where_it_can_be(fresh_url: str) -> None:
    result = run_uploads(12, "given", seed=3, url=fresh_url)
    assert result["ok"], result
