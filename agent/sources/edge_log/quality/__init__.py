"""Quality of experience by what players report of themselves with their requests (CMCD, CTA-5004; docs/qoe.md)."""
