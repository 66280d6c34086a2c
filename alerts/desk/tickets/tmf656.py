"""A ticket as TMF656 v5 shows it: a service problem, of which the ticket of the same number is the work on it."""

from collections.abc import Iterable, Sequence

from alerts.desk.core.words import in_language
from alerts.desk.tickets import tmf621
from alerts.desk.tickets.events import Escalated, Event, Warned
from alerts.desk.tickets.impact import Impact
from alerts.desk.tickets.impact_words import fields
from alerts.desk.tickets.service_problems import Acknowledged, Context, Group, Underlying, place_of
from alerts.desk.tickets.ticket import Ticket
from alerts.desk.tickets.tmf621 import SYSTEM
from alerts.desk.tickets.tmf621_parts import instant

BASE = "/tmf-api/serviceProblemManagement/v5"
PROBLEM, GROUP, UNGROUP, TAKEN = "ServiceProblem", "ProblemGroup", "ProblemUngroup", "ProblemAcknowledgement"
PATHS = {
    PROBLEM: "serviceProblem",
    GROUP: "problemGroup",
    UNGROUP: "problemUngroup",
    TAKEN: "problemAcknowledgement",
}
ATTRIBUTES = {
    PROBLEM: (
        *("id", "href", "@type", "name", "description", "category", "originatingSystem", "reason", "priority"),
        *("status", "statusChangeDate", "statusChangeReason", "creationDate", "lastUpdate", "resolutionDate"),
        *("affectedResource", "affectedService", "affectedNumberOfServices", "affectedLocation"),
        *("firstAlert", "underlyingAlarm", "parentProblem", "underlyingProblem", "rootCauseResource"),
        *("impactImportanceFactor", "impactPattern", "slaViolation", "problemEscalation"),
        *("troubleTicket", "note", "externalIdentifier", "characteristic", "relatedParty"),
    ),
    GROUP: ("id", "href", "@type", "parentProblem", "childProblem", "state"),
    UNGROUP: ("id", "href", "@type", "parentProblem", "childProblem", "state"),
    TAKEN: ("id", "href", "@type", "problem", "ackProblem", "state", "trackingRecord"),
}
MOST_ESCALATED = 10


def body(ticket: Ticket, events: Sequence[Event], context: Context, language: str) -> dict[str, object]:
    """Return the representation of a service problem; what is not known is absent."""
    shown = tmf621.own(ticket, events, language)
    number = str(ticket.id)
    same = ("name", "description", "status", "statusChangeDate", "statusChangeReason", "creationDate", "lastUpdate")
    result: dict[str, object] = {
        "id": number,
        "href": address(PROBLEM, ticket.id),
        "@type": PROBLEM,
        **{name: shown[name] for name in (*same, "note", "externalIdentifier", "relatedParty")},
        "characteristic": tmf621.characteristics(ticket),
        "category": "system.originated" if ticket.automatic else "serviceProvider.declarer",
        "originatingSystem": SYSTEM,
        "priority": int(ticket.priority[1:]),
        "problemEscalation": str(min(sum(isinstance(each.body, Escalated) for each in events), MOST_ESCALATED)),
        "troubleTicket": [_ref("TroubleTicketRef", "TroubleTicket", number, tmf621.address(ticket.id))],
    }
    if ticket.resolved_at:
        result["resolutionDate"] = instant(ticket.resolved_at)
    return (
        result
        | _affected(ticket, context)
        | _cause(ticket, context, language)
        | _impact(ticket.impact)
        | _missed(events)
    )


def _affected(ticket: Ticket, context: Context) -> dict[str, object]:
    labels = [each.labels for each in context.alarms]
    resources = _distinct([ticket.node, *(one.get(name, "") for one in labels for name in ("element", "node"))])
    channels = _distinct(one.get("channel", "") for one in labels)
    sites = _distinct([ticket.site, *(one.get("site", "") for one in labels)])
    result: dict[str, object] = {
        "affectedResource": [_ref("ResourceRef", "Resource", name, name=name) for name in resources],
        "affectedService": [_ref("ServiceRef", "Channel", name, name=name) for name in channels],
        "affectedLocation": [
            {
                "@type": "RelatedPlaceRefOrValue",
                "role": "affected",
                "place": _ref("PlaceRef", "GeographicSite", name, name=name),
            }
            for name in sites
        ],
        "affectedNumberOfServices": context.channels,
        "underlyingAlarm": [_alarm(each) for each in context.alarms],
    }
    if context.alarms:
        first = min(context.alarms, key=lambda each: (each.starts_at, each.number))
        entity = _ref("EntityRef", "Alarm", str(first.number), name=first.labels.get("alertname", ""))
        result["firstAlert"] = {"@type": "RelatedEntity", "role": "firstAlert", "entity": entity}
    return {name: value for name, value in result.items() if value}


def _alarm(each: Underlying) -> dict[str, object]:
    return _ref("ResourceAlarmRef", "Alarm", str(each.number), name=each.labels.get("alertname", ""))


def _cause(ticket: Ticket, context: Context, language: str) -> dict[str, object]:
    """Return what a problem's cause is: another problem, or what its own alarms are about."""
    result: dict[str, object] = {}
    if context.cause is not None:
        cause = [_problem(context.cause)]
        result |= {"parentProblem": cause, "underlyingProblem": cause}
        result["reason"] = in_language(context.why, language) or ""
    own = place_of(context.place, ticket.node, ticket.site)
    place = context.cause_place if context.cause is not None else own
    site = place.removeprefix("site:")
    if place:
        kind = "Site" if site != place else "Resource"
        result["rootCauseResource"] = [_ref("ResourceRef", kind, site, name=site)]
    return result


def _impact(known: Impact | None) -> dict[str, object]:
    """Return the figures that are known, and as importance the share of viewers without service where that is exact."""
    figures = fields(known)
    if not figures:
        return {}
    pattern: dict[str, object] = {
        "@type": "ImpactPattern",
        "characteristic": [
            {"@type": "NumberCharacteristic", "name": name, "valueType": "number", "value": value}
            for name, value in figures.items()
        ],
    }
    before, without = figures.get("viewers.before", 0.0), figures.get("viewers.without")
    if not before or without is None:
        return {"impactPattern": pattern}
    return {"impactPattern": pattern, "impactImportanceFactor": str(round(100 * without / before))}


def _missed(events: Sequence[Event]) -> dict[str, object]:
    clocks = _distinct(each.body.clock for each in events if isinstance(each.body, Warned) and each.body.percent == 100)
    found = [_ref("SLAViolationRef", "SLAViolation", clock, name=clock) for clock in clocks]
    return {"slaViolation": found} if found else {}


def group_body(kind: str, group: Group) -> dict[str, object]:
    """Return the representation of a group, or of a problem that came out of one."""
    result: dict[str, object] = {
        "id": str(group.number),
        "href": address(kind, group.number),
        "@type": kind,
        "childProblem": [_problem(number) for number in group.children],
        "state": "done",
    }
    return result | ({"parentProblem": _problem(group.parent)} if group.parent is not None else {})


def acknowledgement_body(found: Acknowledged) -> dict[str, object]:
    """Return the representation of what says that somebody took a problem."""
    record = {"@type": "TrackingRecord", "description": "acknowledge", "systemId": SYSTEM}
    problem = [_problem(found.number)]
    return {
        "id": str(found.number),
        "href": address(TAKEN, found.number),
        "@type": TAKEN,
        "problem": problem,
        "ackProblem": problem,
        "state": "done",
        "trackingRecord": record | {"time": instant(found.at), "user": found.actor},
    }


def address(kind: str, number: int) -> str:
    """Return where something is."""
    return f"{BASE}/{PATHS[kind]}/{number}"


def _problem(number: int) -> dict[str, object]:
    return _ref("ServiceProblemRef", PROBLEM, str(number), address(PROBLEM, number))


def _ref(kind: str, referred: str, number: str, href: str = "", name: str = "") -> dict[str, object]:
    result: dict[str, object] = {"@type": kind, "@referredType": referred, "id": number}
    return result | ({"href": href} if href else {}) | ({"name": name} if name else {})


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))
