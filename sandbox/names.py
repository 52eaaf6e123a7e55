"""Invented names in many languages and scripts, each with a spelling for an e-mail address."""

import unicodedata
from dataclasses import dataclass

# Letters that decomposition (NFKD) leaves as they are.
_FOLDED = str.maketrans(
    {"ł": "l", "đ": "d", "ı": "i", "ø": "o", "ß": "ss", "æ": "ae", "ð": "d", "þ": "th", "œ": "oe"}
)


@dataclass(frozen=True, slots=True)
class Word:
    """A name as it is written, and its ASCII spelling in lower case."""

    written: str
    ascii: str


@dataclass(frozen=True, slots=True)
class Language:
    """Given and family names of one language. `country` is the telephone prefix."""

    code: str
    country: str
    given: tuple[Word, ...]
    family: tuple[Word, ...]
    family_first: bool = False
    joiner: str = " "

    def display(self, given: str, family: str) -> str:
        """The whole name in the order and with the spacing of the language."""
        parts = (family, given) if self.family_first else (given, family)
        return self.joiner.join(part for part in parts if part)


def fold(text: str) -> str:
    """A Latin name in plain ASCII letters and lower case: "Łukasz" gives "lukasz"."""
    lowered = unicodedata.normalize("NFKD", text.lower().translate(_FOLDED))
    return "".join(letter for letter in lowered if letter.isascii() and letter.isalnum())


def _words(text: str) -> tuple[Word, ...]:
    """Words apart by spaces; "Иван/ivan" gives the ASCII spelling where folding can't find it,
    and an underscore stands for a space inside a name."""
    words = []
    for item in text.split():
        written, _, spelled = item.partition("/")
        words.append(Word(written.replace("_", " "), spelled or fold(written)))
    return tuple(words)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _language(
    code: str, country: str, given: str, family: str, family_first: bool = False, joiner: str = " "
) -> Language:
    return Language(code, country, _words(given), _words(family), family_first, joiner)


LANGUAGES: tuple[Language, ...] = (
    _language(
        "en",
        "+44",
        "Alice George Harriet Oliver Niamh Rhys Imogen Callum Zadie Kwame Siobhán Theo",
        "Ashdown Bramley O'Rourke Whitcombe Okafor MacInnes Penrose St_Clair Threlkeld Yardley",
    ),
    _language(
        "pt",
        "+351",
        "João Inês Beatriz Tomás Conceição Rui Luísa Gonçalo Mafalda Simão Leonor Vasco",
        "Sousa Magalhães Conceição Nóbrega Patrício Brandão Assunção Leitão Falcão Simões",
    ),
    _language(
        "es",
        "+34",
        "Íñigo Lucía Martín Begoña Andrés Ximena Óscar Nuria Joaquín Pilar Álvaro Inmaculada",
        "Muñoz Ibáñez Peña Echeverría Zúñiga Cárdenas Ordóñez Quiñones Vélez Güell",
    ),
    _language(
        "fr",
        "+33",
        "Zoé François Hélène Loïc Maëlle Gaëtan Chloé Benoît Aurélie Rémi Noémie Cédric",
        "Lefèvre Béranger D'Aubigné Guérin Crépeau Maître Duchêne Févier Saint-Prœux Rançon",
    ),
    _language(
        "de",
        "+49",
        "Jürgen Käthe Sören Bärbel Günther Heike Björn Anneliese Götz Silke Rüdiger Wiebke",
        "Müßig Schröder von_der_Höhe Krämer Größle Jäger Weißhaupt Böttcher Köhler-Brandt Hübner",
    ),
    _language(
        "pl",
        "+48",
        "Łukasz Małgorzata Paweł Żaneta Bożena Świętosław Agnieszka Stanisław Grażyna Rafał",
        "Wójcik Dąbrowska Źrebiec Szczęsny Kołodziej Gałązka Jabłoński Święcicka Żółtowski Łoś",
    ),
    _language(
        "cs",
        "+420",
        "Jiří Božena Květa Ondřej Štěpán Růžena Lukáš Zdeňka Vojtěch Žofie",
        "Dvořáková Říha Šťastný Kučera Žižka Příbram Hřebíček Vlčková Černý Křížek",
    ),
    _language(
        "sv",
        "+46",
        "Åsa Björn Örjan Märta Håkan Göran Linnéa Sören Ebba Torbjörn",
        "Åkerlund Sjöström Öberg Hägglund Björkqvist Nordström Bäckman Lindahl Ångström Wikström",
    ),
    _language(
        "tr",
        "+90",
        "Ayşe Çağrı Gülşen Işıl Özgür Şebnem Uğur Yiğit Tuğba Ömer",
        "Yıldırım Öztürk Çelik Güneş Şahin Kılıç Doğan Aydın Türkoğlu Ünal",
    ),
    _language(
        "vi",
        "+84",
        "Ánh Bảo Châu Đức Hằng Khôi Linh Ngọc Phượng Quỳnh",
        "Nguyễn Trần Lê Phạm Đặng Bùi Đỗ Hồ Ngô Dương",
        True,
    ),
    _language(
        "ru",
        "+7",
        "Ольга/olga Дмитрий/dmitri Ксения/xenia Аркадий/arkadi Людмила/ludmila Степан/stepan "
        "Зоя/zoya Фёдор/fyodor",
        "Соколов/sokolov Щербакова/scherbakova Журавлёв/zhuravlev Ефимова/efimova "
        "Кузнецов/kuznetsov Ястребов/yastrebov Цветкова/tsvetkova",
    ),
    _language(
        "uk",
        "+380",
        "Олена/olena Ярослав/yaroslav Їжак/yizhak Соломія/solomiya Тарас/taras Ганна/hanna",
        "Шевчук/shevchuk Ковальчук/kovalchuk Єрмоленко/yermolenko Гнатюк/hnatiuk Ґудзик/gudzyk",
    ),
    _language(
        "el",
        "+30",
        "Σοφία/sofia Γιώργος/giorgos Ελένη/eleni Νίκος/nikos Κατερίνα/katerina Άρης/aris",
        "Παπαδάκη/papadaki Οικονόμου/oikonomou Ξανθός/xanthos Μαυρίδης/mavridis Θεοδώρου/theodorou",
    ),
    _language(
        "ar",
        "+961",
        "أميرة/amira يوسف/yousef ليلى/layla خالد/khaled نور/nour سامي/sami هدى/huda",
        "حداد/haddad الخوري/elkhoury منصور/mansour النجار/najjar شاهين/shahin القاسم/alqasim",
    ),
    _language(
        "he",
        "+972",
        "נועה/noa איתן/eitan שירה/shira אורי/uri תמר/tamar גיל/gil",
        "כהן-לוי/cohenlevi פרידמן/friedman אבן-צור/evenzur שקד/shaked בן-ארי/benari",
    ),
    _language(
        "hi",
        "+91",
        "प्रिया/priya अर्जुन/arjun काव्या/kavya रोहन/rohan मीरा/meera विक्रम/vikram",
        "शर्मा/sharma त्रिपाठी/tripathi चौधरी/chaudhary मिश्रा/mishra अय्यर/iyer",
    ),
    _language(
        "th",
        "+66",
        "สมชาย/somchai อรุณี/arunee กิตติ/kitti มาลี/malee ณัฐพล/nattapon",
        "ศรีสุข/srisuk ทองดี/thongdee วงศ์ไทย/wongthai แก้วใส/kaewsai",
    ),
    _language(
        "zh",
        "+886",
        "美玲/meiling 志明/zhiming 雅婷/yating 建宏/jianhong 思涵/sihan 子軒/zixuan",
        "陳/chen 林/lin 歐陽/ouyang 黃/huang 司馬/sima 蔡/cai",
        True,
        "",
    ),
    _language(
        "ja",
        "+81",
        "陽子/yoko 健太/kenta さくら/sakura 大輔/daisuke 美咲/misaki 翔/sho",
        "佐藤/sato 高橋/takahashi 小野寺/onodera 渡邉/watanabe 五十嵐/igarashi 齋藤/saito",
        True,
        " ",
    ),
    _language(
        "ko",
        "+82",
        "민준/minjun 서연/seoyeon 지호/jiho 하은/haeun 도윤/doyun",
        "김/kim 박/park 최/choi 남궁/namgung 황보/hwangbo",
        True,
        "",
    ),
)

# Three parts make 40 x 40 x 20 = 32,000 different firms, so that each entry of the largest
# address book has a domain of its own.
_FIRM_STARTS = _parts(
    "alder amber aspen birch blue bright cedar clear copper coral crown east elm ember fern "
    "field flint gold green grey harbor hazel high iron ivory lake lark linden maple north "
    "oak old pearl pine quartz red river silver stone west"
)
_FIRM_MIDDLES = _parts(
    "anchor arch bay beacon bell bridge brook castle cliff compass court cove crest dale door "
    "ferry forge gate glen grove hall haven hill key lantern ledge loft meadow mill moor orchard "
    "park peak point port ridge shore spring tower yard"
)
_FIRM_ENDS = _parts(
    "advisers architects audit clinic consult design energy engineers foods group labs law "
    "logistics media partners press studio systems trade works"
)
FIRMS = len(_FIRM_STARTS) * len(_FIRM_MIDDLES) * len(_FIRM_ENDS)


def firm(index: int) -> tuple[str, str]:
    """The firm with this number, below FIRMS, as (name, domain); no two share a domain."""
    # 7919 has no common factor with FIRMS, so neighbours in a book get unlike firms.
    rest, end = divmod(index * 7919 % FIRMS, len(_FIRM_ENDS))
    start, middle = divmod(rest, len(_FIRM_MIDDLES))
    words = (_FIRM_STARTS[start], _FIRM_MIDDLES[middle], _FIRM_ENDS[end])
    name = f"{words[0].title()} {words[1].title()} {words[2].title()}"
    return name, f"{words[0]}{words[1]}-{words[2]}.example"


TITLES: tuple[str, ...] = (
    "Head of Legal",
    "Tax adviser",
    "Managing partner",
    "Notary",
    "Head of Purchasing",
    "Architect",
    "Patent attorney",
    "Product manager",
    "Physiotherapist",
    "Chief Financial Officer",
    "Editor",
    "Data analyst",
    "Translator",
    "Site engineer",
    "Office manager",
    "Professor of Law",
    "Designer",
    "Sales director",
    "Surveyor",
    "Insolvency practitioner",
)
