//! Where a North American area code is: its state or country, and every time zone in it. A code that reaches into two zones has both,
//! and both must be within hours. Reviewed in November 2026 against the numbering plan as assigned; a code that is missing has no
//! zone, which forbids the call unless the policy says otherwise.

use std::sync::LazyLock;

use jiff::tz::TimeZone;

/// Where an area code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// The state's two letters; the country's, where it is not a state of the USA: `CA-ON`, `JM`.
    pub region: &'static str,
    /// Indexes into [`zone_names`].
    zones: &'static [u8],
}

macro_rules! zones {
    ($($name:ident = $text:literal),* $(,)?) => {
        #[repr(u8)]
        #[derive(Clone, Copy)]
        #[expect(non_camel_case_types, reason = "the zones' own names")]
        enum Zone { $($name),* }
        const NAMES: &[&str] = &[$($text),*];
    };
}

zones! {
    New_York = "America/New_York", Detroit = "America/Detroit", Indiana = "America/Indiana/Indianapolis",
    Chicago = "America/Chicago", Denver = "America/Denver", Boise = "America/Boise", Phoenix = "America/Phoenix",
    Los_Angeles = "America/Los_Angeles", Anchorage = "America/Anchorage", Adak = "America/Adak", Honolulu = "Pacific/Honolulu",
    Puerto_Rico = "America/Puerto_Rico", Guam = "Pacific/Guam", Pago_Pago = "Pacific/Pago_Pago", Halifax = "America/Halifax",
    Moncton = "America/Moncton", St_Johns = "America/St_Johns", Goose_Bay = "America/Goose_Bay", Toronto = "America/Toronto",
    Winnipeg = "America/Winnipeg", Regina = "America/Regina", Edmonton = "America/Edmonton", Vancouver = "America/Vancouver",
    Dawson_Creek = "America/Dawson_Creek", Whitehorse = "America/Whitehorse", Nassau = "America/Nassau",
    Barbados = "America/Barbados", Bermuda = "Atlantic/Bermuda", Cayman = "America/Cayman", Grand_Turk = "America/Grand_Turk",
    Jamaica = "America/Jamaica", Santo_Domingo = "America/Santo_Domingo",
}

const fn area(region: &'static str, zones: &'static [u8]) -> Area {
    Area { region, zones }
}

const EASTERN: &[u8] = &[Zone::New_York as u8];
const CENTRAL: &[u8] = &[Zone::Chicago as u8];
const MOUNTAIN: &[u8] = &[Zone::Denver as u8];
const PACIFIC: &[u8] = &[Zone::Los_Angeles as u8];
const EAST_AND_CENTRAL: &[u8] = &[Zone::New_York as u8, Zone::Chicago as u8];
const INDIANA: &[u8] = &[Zone::Indiana as u8];
const INDIANA_BOTH: &[u8] = &[Zone::Indiana as u8, Zone::Chicago as u8];
const MICHIGAN: &[u8] = &[Zone::Detroit as u8];
const CENTRAL_AND_MOUNTAIN: &[u8] = &[Zone::Chicago as u8, Zone::Denver as u8];
const PACIFIC_AND_MOUNTAIN: &[u8] = &[Zone::Los_Angeles as u8, Zone::Boise as u8];
const ATLANTIC: &[u8] = &[Zone::Puerto_Rico as u8];
const ONTARIO: &[u8] = &[Zone::Toronto as u8];
const PRAIRIE: &[u8] = &[Zone::Edmonton as u8];
const QUEBEC_GULF: &[u8] = &[Zone::Toronto as u8, Zone::Halifax as u8, Zone::Puerto_Rico as u8];

/// By state, then country: area codes and their zones.
const TABLE: &[(Area, &[u16])] = &[
    (area("AK", &[Zone::Anchorage as u8, Zone::Adak as u8]), &[907]),
    (area("AL", CENTRAL), &[205, 251, 256, 334, 659, 938]),
    (area("AR", CENTRAL), &[327, 479, 501, 870]),
    (area("AZ", &[Zone::Phoenix as u8]), &[480, 520, 602, 623]),
    // The Navajo Nation keeps summer time, the rest of Arizona does not.
    (area("AZ", &[Zone::Phoenix as u8, Zone::Denver as u8]), &[928]),
    (
        area("CA", PACIFIC),
        &[
            209, 213, 279, 310, 323, 341, 350, 357, 369, 408, 415, 424, 442, 510, 530, 559, 562, 619, 626, 628, 650,
            657, 661, 669, 707, 714, 738, 747, 760, 805, 818, 820, 831, 837, 840, 858, 909, 916, 925, 949, 951,
        ],
    ),
    (area("CO", MOUNTAIN), &[303, 719, 720, 748, 970, 983]),
    (area("CT", EASTERN), &[203, 475, 860, 959]),
    (area("DC", EASTERN), &[202, 771]),
    (area("DE", EASTERN), &[302]),
    (
        area("FL", EASTERN),
        &[239, 305, 321, 324, 352, 386, 407, 561, 645, 656, 689, 727, 728, 754, 772, 786, 813, 863, 904, 941, 954],
    ),
    (area("FL", EAST_AND_CENTRAL), &[448, 850]),
    (area("GA", EASTERN), &[229, 404, 470, 478, 678, 706, 762, 770, 912, 943]),
    (area("HI", &[Zone::Honolulu as u8]), &[808]),
    (area("IA", CENTRAL), &[319, 515, 563, 641, 712]),
    (area("ID", &[Zone::Boise as u8, Zone::Los_Angeles as u8]), &[208, 986]),
    (area("IL", CENTRAL), &[217, 224, 309, 312, 331, 447, 464, 618, 630, 708, 730, 773, 779, 815, 847, 861, 872]),
    (area("IN", INDIANA), &[260, 317, 463, 765]),
    (area("IN", INDIANA_BOTH), &[219, 574, 812, 930]),
    (area("KS", CENTRAL), &[316, 913]),
    (area("KS", CENTRAL_AND_MOUNTAIN), &[620, 785]),
    (area("KY", EASTERN), &[502, 859]),
    (area("KY", EAST_AND_CENTRAL), &[270, 364, 606]),
    (area("LA", CENTRAL), &[225, 318, 337, 457, 504, 985]),
    (area("MA", EASTERN), &[339, 351, 413, 508, 617, 774, 781, 857, 978]),
    (area("MD", EASTERN), &[227, 240, 301, 410, 443, 667]),
    (area("ME", EASTERN), &[207]),
    (area("MI", MICHIGAN), &[231, 248, 269, 313, 517, 586, 616, 679, 734, 810, 947, 989]),
    (area("MI", &[Zone::Detroit as u8, Zone::Chicago as u8]), &[906]),
    (area("MN", CENTRAL), &[218, 320, 507, 612, 651, 763, 924, 952]),
    (area("MO", CENTRAL), &[235, 314, 417, 557, 573, 636, 660, 816, 975]),
    (area("MS", CENTRAL), &[228, 471, 601, 662, 769]),
    (area("MT", MOUNTAIN), &[406]),
    (area("NC", EASTERN), &[252, 336, 472, 704, 743, 828, 910, 919, 980, 984]),
    (area("ND", CENTRAL_AND_MOUNTAIN), &[701]),
    (area("NE", CENTRAL), &[402, 531]),
    (area("NE", CENTRAL_AND_MOUNTAIN), &[308]),
    (area("NH", EASTERN), &[603]),
    (area("NJ", EASTERN), &[201, 551, 609, 640, 732, 848, 856, 862, 908, 973]),
    (area("NM", MOUNTAIN), &[505, 575]),
    (area("NV", PACIFIC), &[702, 725]),
    (area("NV", &[Zone::Los_Angeles as u8, Zone::Denver as u8]), &[775]),
    (
        area("NY", EASTERN),
        &[212, 315, 329, 332, 347, 363, 516, 518, 585, 607, 624, 631, 646, 680, 716, 718, 838, 845, 914, 917, 929, 934],
    ),
    (area("OH", EASTERN), &[216, 220, 234, 283, 326, 330, 380, 419, 436, 440, 513, 567, 614, 740, 937]),
    (area("OK", CENTRAL), &[405, 539, 572, 918]),
    (area("OK", CENTRAL_AND_MOUNTAIN), &[580]),
    (area("OR", PACIFIC), &[503, 971]),
    (area("OR", PACIFIC_AND_MOUNTAIN), &[458, 541]),
    (area("PA", EASTERN), &[215, 223, 267, 272, 412, 445, 484, 570, 582, 610, 717, 724, 814, 835, 878]),
    (area("RI", EASTERN), &[401]),
    (area("SC", EASTERN), &[803, 821, 839, 843, 854, 864]),
    (area("SD", CENTRAL_AND_MOUNTAIN), &[605]),
    (area("TN", CENTRAL), &[615, 629, 731, 901]),
    (area("TN", EASTERN), &[865]),
    (area("TN", EAST_AND_CENTRAL), &[423, 729, 931]),
    (
        area("TX", CENTRAL),
        &[
            210, 214, 254, 281, 325, 346, 361, 409, 430, 469, 512, 621, 682, 713, 726, 737, 806, 817, 830, 832, 903,
            936, 940, 945, 956, 972, 979,
        ],
    ),
    (area("TX", CENTRAL_AND_MOUNTAIN), &[432, 915]),
    (area("UT", MOUNTAIN), &[385, 435, 801]),
    (area("VA", EASTERN), &[276, 434, 540, 571, 686, 703, 757, 804, 826, 948]),
    (area("VT", EASTERN), &[802]),
    (area("WA", PACIFIC), &[206, 253, 360, 425, 509, 564]),
    (area("WI", CENTRAL), &[262, 274, 353, 414, 534, 608, 715, 920]),
    (area("WV", EASTERN), &[304, 681]),
    (area("WY", MOUNTAIN), &[307]),
    (area("AS", &[Zone::Pago_Pago as u8]), &[684]),
    (area("GU", &[Zone::Guam as u8]), &[670, 671]),
    (area("PR", ATLANTIC), &[787, 939]),
    (area("VI", ATLANTIC), &[340]),
    (area("CA-AB", PRAIRIE), &[368, 403, 587, 780, 825]),
    (area("CA-BC", &[Zone::Vancouver as u8, Zone::Edmonton as u8, Zone::Dawson_Creek as u8]), &[236, 250, 672, 778]),
    (area("CA-BC", &[Zone::Vancouver as u8]), &[604]),
    (area("CA-MB", &[Zone::Winnipeg as u8]), &[204, 431, 584]),
    (area("CA-NB", &[Zone::Moncton as u8]), &[428, 506]),
    (area("CA-NL", &[Zone::St_Johns as u8, Zone::Goose_Bay as u8]), &[709, 879]),
    (area("CA-NS", &[Zone::Halifax as u8]), &[782, 902]),
    (
        area("CA-ON", ONTARIO),
        &[226, 249, 289, 343, 365, 382, 416, 437, 519, 548, 613, 647, 683, 705, 742, 753, 905, 942],
    ),
    (area("CA-ON", &[Zone::Toronto as u8, Zone::Winnipeg as u8]), &[807]),
    (area("CA-QC", ONTARIO), &[263, 354, 438, 450, 468, 514, 579, 819, 873]),
    // The Magdalen Islands keep Atlantic time, Blanc-Sablon without summer time.
    (area("CA-QC", QUEBEC_GULF), &[367, 418, 581]),
    (area("CA-SK", &[Zone::Regina as u8, Zone::Edmonton as u8]), &[306, 474, 639]),
    (area("CA-YT", &[Zone::Whitehorse as u8, Zone::Edmonton as u8, Zone::Winnipeg as u8, Zone::Toronto as u8]), &[867]),
    (area("AG", ATLANTIC), &[268]),
    (area("AI", ATLANTIC), &[264]),
    (area("BB", &[Zone::Barbados as u8]), &[246]),
    (area("BM", &[Zone::Bermuda as u8]), &[441]),
    (area("BS", &[Zone::Nassau as u8]), &[242]),
    (area("DM", ATLANTIC), &[767]),
    (area("DO", &[Zone::Santo_Domingo as u8]), &[809, 829, 849]),
    (area("GD", ATLANTIC), &[473]),
    (area("JM", &[Zone::Jamaica as u8]), &[658, 876]),
    (area("KN", ATLANTIC), &[869]),
    (area("KY-I", &[Zone::Cayman as u8]), &[345]),
    (area("LC", ATLANTIC), &[758]),
    (area("MS-I", ATLANTIC), &[664]),
    (area("SX", ATLANTIC), &[721]),
    (area("TC", &[Zone::Grand_Turk as u8]), &[649]),
    (area("TT", ATLANTIC), &[868]),
    (area("VC", ATLANTIC), &[784]),
    (area("VG", ATLANTIC), &[284]),
];

/// Every code from 200 to 999, so that finding one is one step.
static BY_CODE: LazyLock<Vec<Option<Area>>> = LazyLock::new(|| {
    let mut all = vec![None; 800];
    for (area, codes) in TABLE {
        for code in *codes {
            if let Some(place) = all.get_mut(usize::from(code - 200)) {
                *place = Some(*area);
            }
        }
    }
    all
});

/// The zones themselves, read once; `None` for one the time zone data does not know.
static ZONES: LazyLock<Vec<Option<TimeZone>>> =
    LazyLock::new(|| NAMES.iter().map(|name| TimeZone::get(name).ok()).collect());

/// Where an area code is; `None` where nobody can say: toll-free and premium codes, and codes assigned since.
pub fn area_of(code: u16) -> Option<Area> {
    BY_CODE.get(usize::from(code.checked_sub(200)?)).copied().flatten()
}

/// IANA names of an area's zones.
pub fn zone_names(area: Area) -> impl Iterator<Item = &'static str> {
    area.zones.iter().filter_map(|index| NAMES.get(usize::from(*index)).copied())
}

/// An area's zones with their names; `None` for one that cannot be had.
pub(crate) fn zones(area: Area) -> impl Iterator<Item = (&'static str, Option<&'static TimeZone>)> {
    area.zones.iter().filter_map(|index| {
        let index = usize::from(*index);
        Some((*NAMES.get(index)?, ZONES.get(index)?.as_ref()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once_and_every_zone_exists() {
        let mut codes: Vec<u16> = TABLE.iter().flat_map(|(_, codes)| codes.iter().copied()).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count, "a code is listed twice");
        assert!(count > 380, "{count}");
        assert!(codes.iter().all(|code| (200..1_000).contains(code) && code % 100 != 11), "no service codes");
        for (area, codes) in TABLE {
            assert!(zones(*area).count() > 0 && zones(*area).all(|(_, zone)| zone.is_some()), "{codes:?}");
        }
    }

    #[test]
    fn codes_are_where_people_know_them() {
        for (code, region, names) in [
            (212, "NY", vec!["America/New_York"]),
            (850, "FL", vec!["America/New_York", "America/Chicago"]),
            (928, "AZ", vec!["America/Phoenix", "America/Denver"]),
            (907, "AK", vec!["America/Anchorage", "America/Adak"]),
            (416, "CA-ON", vec!["America/Toronto"]),
            (876, "JM", vec!["America/Jamaica"]),
        ] {
            let area = area_of(code).unwrap();
            assert_eq!((area.region, zone_names(area).collect::<Vec<_>>()), (region, names), "{code}");
        }
        for unknown in [800, 888, 900, 555, 211, 199, 0, 1_000] {
            assert_eq!(area_of(unknown), None, "{unknown}");
        }
    }
}
