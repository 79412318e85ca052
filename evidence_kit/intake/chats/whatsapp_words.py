"""What WhatsApp itself writes into a text export, in the languages known here.

The program writes in the language of the phone. What is not in these lists stays a message with its text as told, so
nothing is lost; only its kind is not recognised. English and Russian wordings were seen in exports; the Mongolian ones
are translations for phones that show the program in Mongolian and were not seen in an export yet.
"""

import re

OMITTED = frozenset(
    {
        "<media omitted>",
        "image omitted",
        "video omitted",
        "audio omitted",
        "gif omitted",
        "sticker omitted",
        "document omitted",
        "contact card omitted",
        "video note omitted",
        "<без медиафайлов>",
        "<медиа пропущены>",
        "изображение отсутствует",
        "видео отсутствует",
        "аудио отсутствует",
        "gif отсутствует",
        "стикер отсутствует",
        "документ отсутствует",
        "<медиа оруулаагүй>",
        "<медиа файлгүй>",
        "зураг оруулаагүй",
        "видео оруулаагүй",
        "аудио оруулаагүй",
    }
)
"""Placeholders of a file that the export leaves out, in lower case."""

ATTACHED = frozenset({"file attached", "файл добавлен", "файл хавсаргав", "файл хавсаргасан"})
"""Android: ``NAME (file attached)``."""

ATTACHED_BEFORE = frozenset({"attached", "прикреплено", "добавлено", "вложение", "хавсаргасан", "хавсралт"})
"""iOS: ``<attached: NAME>``."""

EDITED = frozenset(
    {"<this message was edited>", "<сообщение изменено>", "<энэ мессежийг зассан>", "<мессежийг зассан>"}
)
"""Stands behind the text of a message that was changed."""

DELETED = frozenset(
    {
        "you deleted this message",
        "this message was deleted",
        "this message was deleted by admin",
        "вы удалили данное сообщение",
        "вы удалили это сообщение",
        "данное сообщение удалено",
        "это сообщение удалено",
        "сообщение удалено",
        "та энэ мессежийг устгасан",
        "энэ мессежийг устгасан",
    }
)
"""In place of a deleted message, in lower case, without a full stop."""

CALLS = re.compile(
    r"(missed (group )?(voice|video) call|(voice|video) call|(silenced|declined) (voice|video) call|"
    r"пропущенный (групповой )?(аудио|видео)звонок|(аудио|видео)звонок|"
    r"(аваагүй|хариулаагүй) (дуут|видео) дуудлага|(дуут|видео) дуудлага)\b.{0,80}",
    re.IGNORECASE,
)
"""The whole text of a call."""

SYSTEM = re.compile(
    r"end-to-end encrypted|security code (with|changed)|created (this )?group|changed (the|this group's|their|your)\b|"
    r"сквозным шифрованием|код безопасности|создал|изменил[аи]? (тему|название|описание|картинку|номер)|"
    r"төгсгөлөөс төгсгөл|хамгаалалтын код|бүлэг үүсгэ",
    re.IGNORECASE,
)
"""Notices of the program; on iOS these stand behind a name as if it had written them."""
