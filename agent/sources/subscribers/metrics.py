"""What a middleware knows of its subscribers."""

from service.metric import Metric

SUBSCRIBERS = Metric("ott_subscribers", "gauge", "Accounts in the middleware by status.", ("service", "status"))
SUBSCRIBERS_ONLINE = Metric(
    "ott_subscribers_online", "gauge", "Subscribers served now by the middleware's own keep-alive.", ("service",)
)

ALL = tuple(value for value in list(vars().values()) if isinstance(value, Metric))
