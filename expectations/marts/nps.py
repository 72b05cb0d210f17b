"""What the NPS marts must meet before they are shown."""

from __future__ import annotations

from expectations.rules import between, never
from expectations.suite import MartSuite

NPS_BY_SEGMENT_STAGE = MartSuite(
    mart="mart_nps_by_segment_stage",
    rules=(
        *between("nps", -100, 100),
        *between("nps_low", -100, 100),
        *between("nps_high", -100, 100),
        *between("answer_count", 0),
        *never("inverted_interval", "nps_low > nps_high", "the interval is upside down"),
        *never("suppressed_score", "base_status = 'suppressed' and nps is not null", "a suppressed base shows a score"),
    ),
)
