"""What all configuration models share."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A frozen block of settings. Unknown keys are errors, so that a misspelt key is not silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)
