"""Containers of evidence, written canonically and read strictly: WARC, WACZ, zip, BagIt. The one home of warcio.

`warc_writer` and `wacz` write what a capture recorded; `warc_reader` and `wacz_reader` check what anybody wrote;
`zips`, `tree` and `bag` carry a bundle. Writers create files exclusively and raise; readers report findings and raise
`FormatError` only for something that is not at all what it was said to be. Nothing here is ever unpacked to disk.
"""
