"""MPEG-2 transport streams (ISO/IEC 13818-1): packets, tables and programmes, from segments or from multicast."""
