"""The interface words of the practice network, Mongolian and English, and how it writes times and numbers.

Inserted values stand after a colon or before a counted word that takes no case ending, so that no Mongolian sentence is
glued together from parts.
"""

from collections.abc import Mapping
from datetime import datetime

LANGUAGES = ("mn", "en")

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

_PAIRS: Mapping[str, tuple[str, str]] = {
    "banner": (
        "СУРГАЛТ — зохиомол сүлжээ, зохиомол хүмүүс",
        "TRAINING — fictional network, fictional people",
    ),
    "all_comments": ("Бүх сэтгэгдлийг үзлээ", "That was every comment"),
    "audience_friends": ("Найзуудад", "Friends"),
    "audience_public": ("Нийтэд", "Public"),
    "comment": ("Сэтгэгдэл бичих", "Comment"),
    "comments": ("сэтгэгдэл", "comments"),
    "compose": ("Сэтгэгдэл бичихийн тулд нэвтэрнэ үү", "Log in to write a comment"),
    "error_400": ("Хүсэлтийг ойлгосонгүй", "The request was not understood"),
    "error_404": ("Ийм хуудас алга", "There is no such page"),
    "error_405": ("Ингэж хандах боломжгүй", "This cannot be done here"),
    "error_410": ("Энэ нийтлэлийг устгасан", "This post was deleted"),
    "error_411": ("Хүсэлтийн урт тодорхойгүй байна", "The length of the request is missing"),
    "error_413": ("Хүсэлт хэт урт байна", "The request is too long"),
    "error_500": ("Серверт алдаа гарлаа", "Something went wrong on the server"),
    "failed": ("Ачаалж чадсангүй", "Could not be loaded"),
    "feed": ("Нүүр", "Home"),
    "guest": ("Зочин", "Guest"),
    "language": ("English", "Монгол"),
    "like": ("Таалагдлаа", "Like"),
    "loading": ("Ачаалж байна…", "Loading…"),
    "login": ("Нэвтрэх", "Log in"),
    "login_address": ("Утасны дугаар эсвэл имэйл", "Telephone number or email"),
    "login_password": ("Нууц үг", "Password"),
    "login_lead": (
        "Энэ хуудсыг зөвхөн нэвтэрсэн хэрэглэгч үзэх боломжтой.",
        "Only people who have logged in can see this page.",
    ),
    "login_title": ("Үргэлжлүүлэхийн тулд нэвтэрнэ үү", "Log in to continue"),
    "more_replies": ("Бусад хариултыг үзэх", "See more replies"),
    "news": ("Мэдээ", "News"),
    "no_comments": ("Одоогоор сэтгэгдэл алга", "No comments yet"),
    "not_kept": ("Сургалтын сүлжээ юу ч хадгалахгүй", "The practice network keeps nothing"),
    "outcomes": ("Сургалтын тохиолдлууд", "Exercises"),
    "people": ("Хүмүүс", "People"),
    "posts": ("Нийтлэл", "Posts"),
    "reply": ("Хариулах", "Reply"),
    "retry": ("Дахин оролдох", "Try again"),
    "search": ("Хайх", "Search"),
    "see_more": ("Цааш үзэх", "See more"),
    "share": ("Хуваалцах", "Share"),
    "shares": ("удаа хуваалцсан", "shares"),
}


def words(language: str) -> dict[str, str]:
    """Return the interface words in *language* (``mn`` or ``en``)."""
    at = LANGUAGES.index(language)
    return {key: pair[at] for key, pair in _PAIRS.items()}


def banner() -> str:
    """Return the training banner, which stands on every page in both languages."""
    return " · ".join(_PAIRS["banner"])


def shown_time(moment: datetime, language: str) -> str:
    """Return *moment* in its own offset: ``2026 оны 10-р сарын 5, 18:14`` or ``5 October 2026, 18:14``."""
    if language == "mn":
        return f"{moment.year} оны {moment.month}-р сарын {moment.day}, {moment:%H:%M}"
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M}"


def shown_number(number: int) -> str:
    """Return *number* with no-break spaces between thousands."""
    return f"{number:,}".replace(",", "\u00a0")
