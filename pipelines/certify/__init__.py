"""The certificate of a spot-check, found and judged: a step that several rooms share."""
