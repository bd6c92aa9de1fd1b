"""What a person does next, of a closed set: what a ticket, a runbook or a robot can go by."""

from enum import StrEnum


class Action(StrEnum):
    """The kind of thing to do; a finding's own sentence says how, and where."""

    REBOOT = "reboot"
    RESET_DEVICE = "reset_device"
    REPLACE_PART = "replace_part"
    CHECK_CABLING = "check_cabling"
    FIX_DRIVER = "fix_driver"
    FIX_PLATFORM_SETTING = "fix_platform_setting"
    FREE_CAPACITY = "free_capacity"
    GRANT_RIGHTS = "grant_rights"
    LOOK_CLOSER = "look_closer"

    @property
    def words(self) -> str:
        """As people read it: "reset device"."""
        return self.value.replace("_", " ")
