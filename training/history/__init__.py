"""History: daily counts as they became known, from sources that cannot be trusted to an archive that can."""
