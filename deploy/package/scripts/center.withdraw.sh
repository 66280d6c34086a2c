ott-center withdraw || true
