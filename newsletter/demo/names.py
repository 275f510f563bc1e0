"""Made-up people for the demo's lists, all of them at example.com."""

# ruff: noqa: RUF001 - people write their names with the letters that they have
from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator
from random import Random

# One line of given names and one of family names for each place; they are only paired within it.
_PLACES: tuple[tuple[str, str], ...] = (
    (
        "Anneke Bram Cato Dries Elke Femke Gijs Hanne Joris Katrien Lieve Maarten Noor Pieter",
        "Aerts Bogaert Claeys De_Smet Dhondt Jansen Lemmens Maes Peeters Van_den_Berg Willems",
    ),
    (
        "Aoife Bríd Cormac Deirdre Eoin Fionnuala Gráinne Niamh Oisín Róisín Seán Tadhg Úna",
        "O’Brien O’Connor O’Doherty O’Sullivan Byrne Gallagher Kavanagh McCarthy Nolan Ní_Bhriain",
    ),
    (
        "Åsa Björn Elin Göran Ingrid Jörgen Karin Lars Måns Sigrid Torbjörn Örjan Ylva",
        "Ahlström Bergqvist Dahl Ekström Forsberg Hägg Lindqvist Nyström Sjöberg Åkesson Öberg",
    ),
    (
        "Anaïs Benoît Chloé Élodie François Gaëlle Hélène Jérôme Léa Maëlys Noël Solène Zoé",
        "Beaulieu Chevalier D’Amours Desprès Fournier Gagné Lefèvre L’Heureux Moreau Rousseau Élie",
    ),
    (
        "Agnieszka Bartłomiej Dorota Grażyna Jadwiga Kacper Łucja Małgorzata Paweł Stanisław Zofia",
        "Błaszczyk Dąbrowska Głowacki Jabłoński Kowalczyk Łukasik Nowak Ślusarczyk Wójcik Żak",
    ),
    (
        "Çağla Deniz Elif Gökhan İpek Kerem Mehmet Nazlı Ömer Şebnem Tuğba Yiğit Zeynep",
        "Aydın Çelik Demir Erdoğmuş Güneş Kılıç Öztürk Şahin Yıldırım Yılmaz",
    ),
    (
        "Ana Beatriz Caetano Conceição Duarte Inês João Leonor Luís Matilde Simão Sofia Vítor",
        "Araújo Brandão Carvalho D’Ávila Figueiredo Gonçalves Magalhães Patrício Simões Tavares",
    ),
    (
        "Álvaro Begoña Concepción Íñigo Jesús Lucía Martín Nuria Óscar Pilar Raúl Ximena Yolanda",
        "Benítez Castañeda Domínguez Etxeberria Fernández Ibáñez Muñoz Núñez Peña Zúñiga",
    ),
    (
        "Andrea Beatrice Chiara Donato Elisabetta Fabrizio Ginevra Lorenzo Matteo Niccolò Ottavia",
        "Bianchi Colombo D’Angelo Dell’Orto Esposito Ferrari Gallo Moretti Rinaldi Sant’Elia",
    ),
    (
        "Adaeze Babajide Chidinma Efe Folasade Ifeoma Kelechi Ngozi Olúwaṣeun Tọ́pẹ́ Uche Yetunde",
        "Abiola Adeyemi Balogun Ekwueme Nwosu Obi Ògúnbíyí Okafor Okonkwo Ṣóyínká Umeh",
    ),
    (
        "Abena Akua Efua Kofi Kojo Kwabena Kwame Nana Yaa Yaw Esi Ama",
        "Agyeman Asante Boateng Danso Mensah Nkrumah Ofori Osei Owusu Sarpong",
    ),
    (
        "Aarav Ananya Devika Farhan Gauri Ishaan Kavya Lakshmi Meera Nikhil Pooja Rohan Sunita",
        "Banerjee Chatterjee Desai Fernandes Gopalan Iyer Joshi Krishnan Mehta Nair Patel Sharma",
    ),
    (
        "Ayşenur Dilnoza Farrukh Gulnora Jasur Kamola Malika Nodira Otabek Shahnoza Timur",
        "Abdullayev Ergasheva Hamidov Ismoilova Karimov Nazarova Rahimov Saidova Yusupov",
    ),
    (
        "Amal Basma Dalia Fadi Ghada Hadi Ibtisam Karim Layla Mazen Nour Rami Samira Yara",
        "Al-Amin Al-Khatib Barakat Darwish El-Sayed Haddad Khoury Mansour Nasser Sabbagh Tawfiq",
    ),
    (
        "Anahit Aram Davit Gayane Hayk Lusine Mariam Narek Shushan Tigran Vardan Zaruhi",
        "Abrahamyan Grigoryan Hakobyan Karapetyan Manukyan Petrosyan Sargsyan Ter-Petrosyan",
    ),
    (
        "Bình Châu Đức Giang Hạnh Hương Khánh Linh Minh Ngọc Phương Quỳnh Thảo Tuấn",
        "Bùi Đặng Đỗ Hoàng Huỳnh Lê Ngô Nguyễn Phạm Phan Trần Võ",
    ),
    (
        "Aiko Daichi Emi Haruka Hinata Kaito Kenji Mei Naoko Ren Sakura Takumi Yūki Yōko",
        "Fujita Hayashi Itō Katō Kobayashi Matsumoto Nakamura Ōno Satō Suzuki Tanaka Watanabe",
    ),
    (
        "Bo-ra Da-eun Eun-ji Ha-neul Hye-jin Ji-hoon Jun-ho Min-seo Seo-yeon Soo-min Woo-jin",
        "Bae Cho Choi Han Jeong Kang Kim Lee Lim Park Shin Yoon",
    ),
    (
        "Aroha Hemi Kahurangi Manaia Mere Nikau Rangi Tāne Tui Whetū Wiremu",
        "Te_Awa Te_Rangi Ngata Parata Pōtae Rātana Tamihana Tūhoe Waititi",
    ),
    (
        "Alison Bronwen Catrin Dafydd Emrys Ffion Gethin Haf Iestyn Lowri Megan Rhys Siân Tomos",
        "Bevan Cadwaladr Davies Evans Griffiths Hughes Llewelyn Morgan Prys Rhydderch Williams",
    ),
    (
        "Amara Ben Claire Dominic Esther Frances George Harriet Imogen Julian Kit Martha Ned Tess",
        "Ashby Barlow Carver Dunmore Eastwood Fairley Garside Hartley Ingham Marlowe Pike Sallow",
    ),
    (
        "Anke Bärbel Dörte Friederike Günther Heike Jörg Käthe Lothar Möne Rüdiger Sören Ute",
        "Brückner Dürr Fröhlich Groß Hübner Jäger Köhler Löffler Müller Schröder Voß Weiß",
    ),
    (
        "Bojana Čedomir Đorđe Goran Jasmina Ljiljana Milica Nenad Petra Saša Tomislav Živa",
        "Babić Čolić Đurić Filipović Horvat Jovanović Kovačević Marković Perić Šimić Žagar",
    ),
    (
        "Aino Eero Hilkka Ilmari Jyrki Kyösti Marjatta Onni Päivi Riitta Seppo Tuulikki Väinö",
        "Aalto Heikkilä Hämäläinen Järvinen Kärkkäinen Laine Mäkelä Niemi Pöysti Rautio Yli-Hukka",
    ),
    (
        "Alejandra Bruno Camila Emiliano Guadalupe Itzel Joaquín Marisol Nahuel Quetzalli Tomás",
        "Aguirre Balam Cárdenas Escobar Galván Huerta Mejía Ordóñez Quispe Villaseñor Xicoténcatl",
    ),
    (
        "Ábel Boglárka Csaba Dóra Eszter Gergő Ildikó Kálmán László Örs Réka Zsófia",
        "Balázs Csizmadia Fekete Győri Horváth Kővári Molnár Nagy Szűcs Tóth Vörös",
    ),
)
# Letters that have no accent to take off.
_PLAIN = str.maketrans(
    {
        "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "ß": "ss",
        "’": "", "'": "", "æ": "ae",
    }
)  # fmt: skip


def people(count: int) -> Iterator[tuple[str, str]]:
    """Yield (name, address) pairs, the same ones in the same order on every call.

    No name and no address comes twice. Raises ValueError if more are wanted than there are.
    """
    everyone = [
        (given.replace("_", " "), family.replace("_", " "))
        for givens, families in _PLACES
        for given, family in itertools.product(givens.split(), families.split())
    ]
    everyone = list(dict.fromkeys(everyone))
    # Half as many again, as the families of two places: there are more people than lists.
    rng = Random(20)  # noqa: S311 - an order, not a secret
    rng.shuffle(everyone)
    doubled = [
        (given, f"{family}-{other}")
        for (given, family), (_, other) in zip(everyone, reversed(everyone), strict=True)
        if family != other and not {" ", "-"} & set(family + other)
    ]
    everyone += list(dict.fromkeys(doubled))
    if count > len(everyone):
        raise ValueError(f"there are only {len(everyone)} made-up people, not {count}")
    taken: set[str] = set()
    for given, family in everyone[:count]:
        address = _address(given, family, rng, taken)
        taken.add(address)
        yield f"{given} {family}", address


def _address(given: str, family: str, rng: Random, taken: set[str]) -> str:
    """One of the ways in which people write their own name before an @, not yet in use."""
    first, last = _plain(given), _plain(family)
    ways = [f"{first}.{last}", f"{first[0]}.{last}", f"{first}{last}", f"{last}.{first}", first]
    start = rng.choices(ways, weights=(10, 5, 3, 2, 1))[0]
    for local in itertools.chain([start, ways[0]], (f"{ways[0]}{n}" for n in range(2, 99))):
        address = f"{local}@example.com"
        if address not in taken:
            return address
    raise ValueError(f"no address left for {given} {family}")


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name.translate(_PLAIN))
    return re.sub(r"[^a-z]+", "", folded.encode("ascii", "ignore").decode().lower())
