"""Lead or Manage: does a described work situation call for leadership, for management, or for both?"""

__version__ = "0.1.0"
