"""The stand-in of LiteLLM's management API: see ../README.md."""
