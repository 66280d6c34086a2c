"""Certificates of named endpoints. One that could not be read fails its collector, certificate_<endpoint>."""

from service.metric import Metric

CERTIFICATE_NOT_AFTER = Metric(
    "ott_certificate_not_after_timestamp_seconds",
    "gauge",
    "When the certificate that the endpoint presents expires, or the first of those by which it is accepted.",
    ("endpoint",),
)
CERTIFICATE_TRUSTED = Metric(
    "ott_certificate_trusted",
    "gauge",
    "Whether a client accepts the certificate: its chain, its dates and its host name.",
    ("endpoint",),
)

ALL = tuple(value for value in list(vars().values()) if isinstance(value, Metric))
