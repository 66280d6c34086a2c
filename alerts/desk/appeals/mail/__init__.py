"""Mail of appeals: to the supplier, the vendor and customers, and back."""
