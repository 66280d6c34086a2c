"""Free months under the names that billing reads, in the order of the file's columns."""

from alerts.desk.appeals.exports import Month

NAMES = {
    "id": "id",
    "appeal": "appeal",
    "service": "service",
    "region": "region",
    "period_from": "periodFrom",
    "period_to": "periodTo",
    "number": "number",
    "crm_ref": "crmRef",
    "cabinet_ref": "cabinetRef",
    "problem": "problem",
    "reference": "reference",
}
HEADER = tuple(NAMES.values())


def file_name(number: int) -> str:
    """Return the name of the file of a batch."""
    return f"free-months-{number}.csv"


def fields(month: Month) -> dict[str, str | int]:
    """Return a month under the names of file and API."""
    values = month._asdict() | {"period_from": month.period_from.isoformat(), "period_to": month.period_to.isoformat()}
    return {name: values[field] for field, name in NAMES.items()}
