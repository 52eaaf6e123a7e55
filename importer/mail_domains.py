"""What is known of mail domains: where private people have their mail, where it is thrown away.

Lists are never complete. A wrong guess costs a flag, except for disposable domains and list hosts,
which can't be invited at all, so those two are kept short and certain.
"""

from __future__ import annotations

# Anyone may have an address there, so it says nothing about work.
_PRIVATE = frozenset(
    """
    gmail.com googlemail.com icloud.com me.com mac.com msn.com passport.com aol.com aim.com
    ymail.com rocketmail.com proton.me protonmail.com pm.me tutanota.com tuta.com tuta.io
    posteo.de posteo.net mailbox.org fastmail.com fastmail.fm hey.com hushmail.com zohomail.com
    mail.com email.com usa.com web.de t-online.de freenet.de arcor.de 1und1.de online.de
    bluewin.ch hispeed.ch sunrise.ch aon.at chello.at inode.at orange.fr wanadoo.fr free.fr
    laposte.net sfr.fr neuf.fr bbox.fr numericable.fr skynet.be telenet.be ziggo.nl kpnmail.nl
    xs4all.nl planet.nl home.nl libero.it virgilio.it alice.it tiscali.it tin.it fastwebnet.it
    sapo.pt iol.pt netcabo.pt clix.pt telefonica.net terra.es btinternet.com ntlworld.com
    virginmedia.com sky.com talktalk.net blueyonder.co.uk eircom.net telia.com bredband.net
    spray.se passagen.se online.no broadpark.no jubii.dk mail.dk kolumbus.fi luukku.com
    seznam.cz centrum.cz email.cz volny.cz azet.sk zoznam.sk centrum.sk wp.pl o2.pl onet.pl
    interia.pl op.pl tlen.pl freemail.hu citromail.hu abv.bg mail.bg otenet.gr forthnet.gr
    mail.ru inbox.ru list.ru bk.ru internet.ru yandex.ru yandex.com ya.ru rambler.ru ukr.net
    i.ua meta.ua tut.by mynet.com walla.co.il walla.com netvision.net.il rediffmail.com qq.com
    foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com aliyun.com 139.com 189.cn
    naver.com daum.net hanmail.net kakao.com nate.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp
    i.softbank.jp nifty.com uol.com.br bol.com.br terra.com.br ig.com.br globo.com
    zipmail.com.br comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net
    charter.net earthlink.net juno.com netzero.net optonline.net frontier.com rogers.com shaw.ca
    sympatico.ca telus.net bigpond.com optusnet.com.au iinet.net.au xtra.co.nz mweb.co.za
    telkomsa.net
    """.split()  # noqa: SIM905 (a list of 170 quoted strings is no easier to read)
)
# The same provider under many countries: yahoo.co.jp, hotmail.fr, gmx.net.
_PRIVATE_FAMILIES = frozenset({"yahoo", "hotmail", "live", "outlook", "gmx", "windowslive"})

# Inboxes that anybody can read, or that are gone within the hour: nobody in particular is there.
_DISPOSABLE = frozenset(
    """
    mailinator.com guerrillamail.com guerrillamail.net guerrillamail.org guerrillamailblock.com
    sharklasers.com grr.la 10minutemail.com 10minutemail.net 20minutemail.com temp-mail.org
    temp-mail.io tempmail.com tempmail.net tempmailo.com tempail.com throwawaymail.com
    trashmail.com trashmail.de trashmail.net trash-mail.com yopmail.com yopmail.fr yopmail.net
    getnada.com nada.email maildrop.cc mailnesia.com mailcatch.com mintemail.com mytemp.email
    dispostable.com discard.email fakeinbox.com spamgourmet.com spam4.me mailnull.com moakt.com
    mohmal.com emailondeck.com burnermail.io incognitomail.org inboxkitten.com wegwerfmail.de
    wegwerfmail.net byom.de einrot.com cuvox.de armyspy.com dayrep.com fleckens.hu gustr.com
    jourrapide.com rhyta.com superrito.com teleworm.us
    """.split()  # noqa: SIM905
)

# Whatever stands before the @, it is a mailing list.
_LIST_HOSTS = frozenset(
    """
    googlegroups.com groups.io yahoogroups.com groups.yahoo.com freelists.org groups.google.com
    lists.sourceforge.net lists.debian.org googlegroups.de
    """.split()  # noqa: SIM905
)


def is_private(domain: str) -> bool:
    """Whether private people have their mail there. `domain` is in ASCII and lower case."""
    return domain in _PRIVATE or domain.partition(".")[0] in _PRIVATE_FAMILIES


def is_disposable(domain: str) -> bool:
    """Whether the domain gives out throw-away addresses."""
    return domain in _DISPOSABLE


def is_list_host(domain: str) -> bool:
    """Whether the domain carries mailing lists and nothing else."""
    return domain in _LIST_HOSTS or domain.startswith(("lists.", "list.", "listserv.", "mailman."))
