"""What trained models say of files of yours: `python -m dfdc_utils predict`."""
