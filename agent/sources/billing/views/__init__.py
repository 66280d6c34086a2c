"""The views of a billing that offers them as JSON over HTTP, judged by the same queries in a database in memory."""
