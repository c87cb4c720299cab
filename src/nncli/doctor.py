"""Is this machine ready?"""

from __future__ import annotations
