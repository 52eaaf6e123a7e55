"""Ana's twelve: the address book of a demonstration, written by hand."""

from sandbox.people import Address, Person

DEMO_PEOPLE: tuple[Person, ...] = (
    Person(
        given="Bea",
        family="Sousa",
        addresses=(Address("bea@norte.example", "work"),),
        organization="Norte",
        title="Head of Legal",
        phone="+351000210001",
    ),
    # Private and work, the private one first: work addresses are to be preferred.
    Person(
        given="Carlos",
        family="Mendes",
        addresses=(
            Address("carlos.mendes@mail.example.org", "home"),
            Address("carlos@mendes-tax.example", "work"),
        ),
        organization="Mendes Tax",
        title="Tax adviser",
        phone="+351000210002",
    ),
    Person(
        given="Jonas",
        family="Weber",
        addresses=(Address("jonas.weber@weber-patent.example", "work"),),
        organization="Weber Patent",
        title="Patent attorney",
        phone="+49000210003",
    ),
    Person(
        given="Inês",
        family="Carvalho",
        addresses=(Address("ines.carvalho@cartorio-carvalho.example", "work"),),
        organization="Cartório Carvalho",
        title="Notary",
        phone="+351000210004",
    ),
    # A shared mailbox: nobody in particular would be invited.
    Person(
        display="Norte front desk",
        addresses=(Address("info@norte.example", "work"),),
        organization="Norte",
    ),
    Person(
        given="Amira",
        family="Haddad",
        addresses=(Address("amira@haddad-arbitration.example", "work"),),
        organization="Haddad Arbitration",
        title="Arbitrator",
        phone="+961000210005",
    ),
    # No address at all: met at a fair, wrote down the telephone number.
    Person(given="Tomás", family="Ribeiro", organization="Ribeiro & Irmãos", phone="+351000210006"),
    Person(
        given="Priya",
        family="Raman",
        addresses=(Address("priya.raman@lantern-trade.example", "work"),),
        organization="Lantern Trade",
        title="Head of Purchasing",
        phone="+91000210007",
    ),
    Person(
        given="Σοφία",
        family="Παπαδάκη",
        addresses=(Address("sofia@papadaki-studio.example", "work"),),
        organization="Papadaki Studio",
        title="Architect",
        phone="+30000210008",
    ),
    # Bea again, from an old telephone: the same address, written otherwise.
    Person(
        given="Beatriz",
        family="Sousa",
        addresses=(Address("Bea@Norte.example", ""),),
        updated="2013-03-08T09:00:00Z",
    ),
    Person(
        given="美玲",
        family="陳",
        display="陳美玲",
        addresses=(Address("meiling.chen@lantern-trade.example", "work"),),
        organization="Lantern Trade",
        title="Translator",
        phone="+886000210009",
    ),
    Person(
        given="Kwame",
        family="Okafor",
        addresses=(Address("kwame@example.net", "home"),),
        organization="Independent",
        title="Surveyor",
        phone="+44000210010",
    ),
)

DEMO_OTHERS: tuple[Person, ...] = (
    Person(display="Rental desk", addresses=(Address("bookings@flats.example", ""),)),
    Person(display="J. Weber", addresses=(Address("jonas.weber@weber-patent.example", ""),)),
    Person(addresses=(Address("marta.reis@example.org", ""),)),
    Person(display="No reply", addresses=(Address("noreply@newsletters.example", ""),)),
    Person(display="Paul Anders", addresses=(Address("paul.anders@example.com", ""),)),
)
