"""Every code an input can be given, each with one sentence a user can act on."""

from __future__ import annotations

QUARANTINE = {
    "bit_depth": "The pixel values have no stated range; convert the picture to 8 bits yourself.",
    "colour_mode": "The colours cannot be turned into RGB; convert the picture to RGB.",
    "corrupt": "The picture's data is damaged; get the file again.",
    "decoder_crash": "Decoding this picture crashed or exhausted its process; get the file again.",
    "empty": "There is nothing in it; remove it or fill it in.",
    "format_not_allowed": "Only JPEG, PNG, GIF, WebP, BMP and TIFF are read; convert the file.",
    "id": "The id is empty, too long, holds control characters or steps out with '..'; mend it.",
    "id_conflict": "Another item has this id with other content; give each its own id.",
    "label_unknown": "The label is not one of the classes; mend it, or add the class first.",
    "lfs_pointer": "The file is a Git LFS pointer, not the picture; run `git lfs pull`.",
    "metadata_bomb": "The picture's metadata unpacks to an enormous size; strip the metadata.",
    "name": "The file name is not valid UTF-8; rename the file.",
    "name_too_long": "The path is longer than the system can open; shorten it.",
    "not_found": "No file lies at the path that the table names; mend the path.",
    "not_image": "The content is not a picture; remove it or get the file again.",
    "not_regular": "It is a device, pipe, socket or folder, not a file; remove it.",
    "outside_root": "The path leads out of the table's folder or to an address; copy the file in.",
    "row": "The row cannot be read as it stands; mend the row.",
    "symlink": "Links are not followed unless asked; add with links followed, or copy the file.",
    "symlink_escape": "The link leads out of the source; copy the file in.",
    "timeout": "Decoding took more processor time than any picture should; get the file again.",
    "too_large": "The picture is above the limit of 64 megapixels or 1 GiB; make it smaller.",
    "truncated": "The picture's end is missing; get the file again.",
    "unreadable": "The file may not be read; change its permissions.",
    "vanished": "The file was listed and then gone; add again when nothing changes the source.",
    "zero_size": "The picture has no pixels; get the file again.",
}

FLAGS = {
    "animated": "The picture has several frames; only the first is used.",
    "aspect": "The picture is more than 50 times longer than wide, or wider than long.",
    "case_collision": "Another name differs only by case; on Windows and macOS they are one file.",
    "duplicate": "Another item has the same content; their labels are kept apart.",
    "duplicate_id": "The same id came again with the same content; it was not added twice.",
    "exif": "The EXIF data is malformed and was ignored; check that the picture is upright.",
    "ext_mismatch": "The file name says another picture format than the content is.",
    "icc": "The colour profile is malformed or unfit and was ignored; check the colours.",
    "long": "The text is above 100,000 characters; models see its start, the store keeps all.",
    "pages": "The file has several pages; only the first is used.",
    "schema_v": "The label is of a class that was retired; it is kept.",
    "tiny": "The picture is smaller than 8 pixels on both sides.",
    "trailing": "Data follows the end of the picture; it was ignored.",
    "unicode_collision": "Another name looks the same but has other bytes (NFC and NFD).",
    "windows_name": "Windows cannot hold a file of this name.",
}

NORMALISED = {
    "16to8": "16-bit values were scaled to 8 bits over their full range.",
    "alpha": "Transparency was laid over a white background.",
    "bilevel": "Black-and-white pixels became RGB.",
    "bom": "A byte-order mark at the start of the file was dropped.",
    "cmyk": "CMYK inks became RGB, by the embedded profile where there is one.",
    "colour": "Another colour space became RGB.",
    "crlf": "Windows line ends were read as line ends.",
    "exif": "The picture was turned upright as its EXIF orientation says.",
    "fortran": "The matrix is stored column by column and was read row by row.",
    "grey": "Grey values became RGB.",
    "palette": "Palette colours became RGB.",
    "utf16": "UTF-16 text was read as Unicode.",
}


def explain(code: str) -> str:
    """Return the sentence for ``truncated``, ``flag:tiny``, ``norm:exif`` and the like.

    Raises
    ------
    KeyError
        For a code that nothing emits.
    """
    kind, _, name = code.rpartition(":")
    return {"": QUARANTINE, "Q": QUARANTINE, "flag": FLAGS, "norm": NORMALISED}[kind][name]
