"""Lead or Manage: does a described work situation call for leadership, for management, or for both?"""

import os

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # read when NumPy loads: its threads wait in a loop for small matrices

__version__ = "0.1.0"
