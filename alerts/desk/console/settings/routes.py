"""The routers of the settings' pages."""

from fastapi import APIRouter

from alerts.desk.console.settings import accounts, audit, own_account, policies, roles, targets, tokens

router = APIRouter(include_in_schema=False)
for each in (own_account, roles, policies, accounts, tokens, targets, audit):
    router.include_router(each.router)
