"""One archive for a site without internet: images, chart, manifests, parts list, sums."""
