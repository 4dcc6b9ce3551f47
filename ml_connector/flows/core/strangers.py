"""Whom a document is from or for, where no usable partner file says it: a stranger, or a partner whose file is wrong.

A partner that is stopped by its file is no stranger: what comes from it or is meant for it is held under a reason of
its own, and taken up by itself once the file is mended.
"""

from collections.abc import Mapping
from typing import Any

from ml_connector.config.partner_files import PartnerProblem
from ml_connector.config.partners import Channels, Partner, X12Identity
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.flow_set import FlowSet
from ml_connector.flows.core.integration import Integration
from ml_connector.ledger.exchange.files import FileRow
from ml_connector.ledger.work.records import DocumentRow


def partner_named(integration: Integration, row: DocumentRow) -> Partner:
    """The partner of a document.

    Raises:
        NeedsCorrection: there is none, or its file is wrong.
    """
    partner = integration.partner_of(row)
    if partner is None:
        raise stranger(integration, row.partner)
    check_role(integration.flows, partner, row.flow)
    return partner


def check_role(flows: FlowSet, partner: Partner, flow: str) -> None:
    """See that a partner is one that the flow serves.

    Raises:
        NeedsCorrection: its role is another.
    """
    roles = flows.partners_of(flow)
    if roles and partner.role not in roles:
        wanted = " or ".join(sorted(roles))
        raise NeedsCorrection(
            Reason.WRONG_PARTNER_ROLE,
            f"Partner {partner.name} is a {partner.role}; this document is between us and a {wanted}.",
            remedy=f"Mend `role` in the partner's file if it is a {wanted}; else ask who sent it, or discard it here.",
            data={"partner": partner.name, "role": partner.role, "flow": flow},
        )


def stranger(integration: Integration, name: str) -> NeedsCorrection:
    """Why there is no usable partner of that name."""
    problem = integration.stopped(name)
    if problem is not None:
        return stopped_by_file(problem)
    return NeedsCorrection(
        Reason.UNKNOWN_PARTNER,
        f"There is no partner file for {name or 'this sender'}.",
        remedy="Write the partner's file (ml-connector init --partner), or mend its identity; or discard this here.",
        data={"partner": name},
    )


def stopped_by_file(problem: PartnerProblem, data: Mapping[str, Any] | None = None) -> NeedsCorrection:
    """The reason that holds what is from or for a partner whose file is wrong."""
    who = f"partner {problem.name}" if problem.name else "the partners"
    return NeedsCorrection(
        Reason.PARTNER_FILE_WRONG,
        f"The file of {who} cannot be used: {problem.message.splitlines()[0][:300]}",
        remedy=f"{problem.remedy} What is held is taken up by itself then.".strip(),
        data={"partner": problem.name, "partner_file": problem.file.name, **(data or {})},
    )


def stand_in(problem: PartnerProblem) -> Partner:
    """A stopped partner as far as what is for it is read and compared; nothing is ever sent by these settings."""
    qualifier, _, identity = next(iter(problem.identities), "ZZ/STOPPED").partition("/")
    of_customer = bool(problem.customer)
    return Partner(
        name=problem.name,
        role="customer" if of_customer else "supplier",
        vendor="" if of_customer else problem.vendor,
        customer=problem.customer,
        identity=X12Identity(qualifier=qualifier, id=identity),
        channels=Channels(),
    )


def sender_stopped(integration: Integration, sender: str) -> PartnerProblem | None:
    """The stopped partner that an interchange's sender is, or may be where nobody can read who it is."""
    if integration.partner_of_identity(sender) is not None:
        return None
    for problem in integration.problems:
        if sender in problem.identities:
            return problem
    return next((problem for problem in integration.problems if problem.may_send_x12), None)


def stopped_in_folder(integration: Integration, row: FileRow) -> PartnerProblem | None:
    """A stopped partner whose files may lie where this one lay."""
    for problem in integration.problems:
        if row.channel in problem.folders or (problem.name and problem.name == row.partner):
            return problem
    return None
