"""Documents of sets that are right in every respect, made of their segments' text."""

from ml_connector.documents.common import Record
from ml_connector.edi.framing.segments import Segment, neutralize
from ml_connector.edi.framing.separators import Separators
from ml_connector.edi.mapping.registry import read_document
from ml_connector.edi.validation.schema import SetRule
from ml_connector.edi.validation.structure import grow


class Opener:
    """Makes documents of right sets of one definition in one set of separators."""

    def __init__(self, rule: SetRule, separators: Separators) -> None:
        self._rule = rule
        self._separators = separators
        self._composed = {name: segment for name, segment in rule.segments.items() if segment.composites}

    def document(self, found: list[str]) -> Record | None:
        """The document of a right set's segments, the first of which is its ST."""
        mark = self._separators.element
        segments = [Segment(text.split(mark), number) for number, text in enumerate(found, start=1)]
        if self._separators.component in "".join(found) or self._separators.repetition:
            self._neutralize(segments)
        return read_document(grow(segments, self._rule.root))

    def _neutralize(self, segments: list[Segment]) -> None:
        for segment in segments:
            rule = self._composed.get(segment.elements[0])
            if rule is not None:
                neutralize(segment, rule.composites, len(rule.elements), self._separators)
