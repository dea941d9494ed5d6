"""Speech servers elsewhere, on a GPU or hosted: clients of their APIs behind one seam, `base.Upstream`."""
