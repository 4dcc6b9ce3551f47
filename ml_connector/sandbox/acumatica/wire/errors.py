"""Refusals as the contract-based API gives them (acumatica 5): by status, text and exception, never by status alone."""

from typing import Any

Body = dict[str, Any]

#: Exception types that a client tells errors apart by.
PLAIN = "PX.Data.PXException"
NO_ENTITY = "PX.Api.ContractBased.NoEntitySatisfiesTheConditionException"
NO_COMPANY = "PX.Data.PXUndefinedCompanyException"
NO_SETUP = "PX.Data.PXSetupNotEnteredException"
NO_FIELD = "System.Collections.Generic.KeyNotFoundException"
ODATA = "Microsoft.OData.ODataException"
OPTIMIZATION = "PX.Api.ContractBased.OptimizationException"


class ApiError(Exception):
    """A response other than success. `body` None means an empty one; `text` means that it is no JSON."""

    def __init__(
        self,
        status: int,
        body: Body | None = None,
        *,
        text: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {body or text or ''}"[:500])
        self.status = status
        self.body = body
        self.text = text
        self.headers = headers or {}


def exception(message: str, kind: str = PLAIN) -> ApiError:
    """500 with the exception object."""
    return ApiError(500, exception_body(message, kind))


def exception_body(message: str, kind: str = PLAIN) -> Body:
    return {
        "message": "An error has occurred.",
        "exceptionMessage": message,
        "exceptionType": kind,
        "stackTrace": "   at PX.Api.ContractBased.Sandbox()",
    }


def no_entity() -> ApiError:
    """No such record: 500, not 404 (acumatica 2)."""
    return exception("No entity satisfies the condition.", NO_ENTITY)


def not_found(message: str) -> ApiError:
    return ApiError(404, {"message": message})


def unreadable(message: str) -> ApiError:
    return ApiError(400, {"message": message})


def edm_mismatch(literal: str, wanted: str) -> ApiError:
    """A literal of the wrong type in a filter."""
    return exception(
        f"A binary operator with incompatible types was detected. Found operand types 'Edm.{literal}' and "
        f"'Edm.{wanted}' for operator kind 'Equal'.",
        ODATA,
    )


class FieldError(Exception):
    """What a screen refuses in one field; it is shown at the field."""
