"""Alarms: from Alertmanager's webhook to occurrences of tickets, their reconciliation and their recovery."""
