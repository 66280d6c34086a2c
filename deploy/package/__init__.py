"""`./run package`: deb and rpm packages from the locks, byte for byte the same wherever and whenever they are built."""
