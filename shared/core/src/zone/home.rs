//! The zone in which people of a country live, for contacts who do not say theirs.
//!
//! Only countries in which all clocks show the same time, but for islands far away. Elsewhere (the United States, Canada,
//! Mexico, Brazil, Russia, Kazakhstan, Indonesia, Australia …) a country says too little, and a guess would be wrong for millions.

use super::Zone;

/// Country (ISO 3166-1), calling code, zone.
const HOMES: &[(&str, &str, &str)] = &[
    ("AD", "376", "Europe/Andorra"),
    ("AE", "971", "Asia/Dubai"),
    ("AF", "93", "Asia/Kabul"),
    ("AL", "355", "Europe/Tirane"),
    ("AM", "374", "Asia/Yerevan"),
    ("AO", "244", "Africa/Luanda"),
    ("AR", "54", "America/Argentina/Buenos_Aires"),
    ("AT", "43", "Europe/Vienna"),
    ("AW", "297", "America/Aruba"),
    ("AZ", "994", "Asia/Baku"),
    ("BA", "387", "Europe/Sarajevo"),
    ("BD", "880", "Asia/Dhaka"),
    ("BE", "32", "Europe/Brussels"),
    ("BF", "226", "Africa/Ouagadougou"),
    ("BG", "359", "Europe/Sofia"),
    ("BH", "973", "Asia/Bahrain"),
    ("BI", "257", "Africa/Bujumbura"),
    ("BJ", "229", "Africa/Porto-Novo"),
    ("BN", "673", "Asia/Brunei"),
    ("BO", "591", "America/La_Paz"),
    ("BT", "975", "Asia/Thimphu"),
    ("BW", "267", "Africa/Gaborone"),
    ("BY", "375", "Europe/Minsk"),
    ("BZ", "501", "America/Belize"),
    ("CF", "236", "Africa/Bangui"),
    ("CG", "242", "Africa/Brazzaville"),
    ("CH", "41", "Europe/Zurich"),
    ("CI", "225", "Africa/Abidjan"),
    ("CL", "56", "America/Santiago"),
    ("CM", "237", "Africa/Douala"),
    ("CN", "86", "Asia/Shanghai"),
    ("CO", "57", "America/Bogota"),
    ("CR", "506", "America/Costa_Rica"),
    ("CU", "53", "America/Havana"),
    ("CV", "238", "Atlantic/Cape_Verde"),
    ("CY", "357", "Asia/Nicosia"),
    ("CZ", "420", "Europe/Prague"),
    ("DE", "49", "Europe/Berlin"),
    ("DJ", "253", "Africa/Djibouti"),
    ("DK", "45", "Europe/Copenhagen"),
    ("DZ", "213", "Africa/Algiers"),
    ("EC", "593", "America/Guayaquil"),
    ("EE", "372", "Europe/Tallinn"),
    ("EG", "20", "Africa/Cairo"),
    ("ER", "291", "Africa/Asmara"),
    ("ES", "34", "Europe/Madrid"),
    ("ET", "251", "Africa/Addis_Ababa"),
    ("FI", "358", "Europe/Helsinki"),
    ("FJ", "679", "Pacific/Fiji"),
    ("FO", "298", "Atlantic/Faroe"),
    ("FR", "33", "Europe/Paris"),
    ("GA", "241", "Africa/Libreville"),
    ("GB", "44", "Europe/London"),
    ("GE", "995", "Asia/Tbilisi"),
    ("GH", "233", "Africa/Accra"),
    ("GI", "350", "Europe/Gibraltar"),
    ("GM", "220", "Africa/Banjul"),
    ("GN", "224", "Africa/Conakry"),
    ("GQ", "240", "Africa/Malabo"),
    ("GR", "30", "Europe/Athens"),
    ("GT", "502", "America/Guatemala"),
    ("GW", "245", "Africa/Bissau"),
    ("GY", "592", "America/Guyana"),
    ("HK", "852", "Asia/Hong_Kong"),
    ("HN", "504", "America/Tegucigalpa"),
    ("HR", "385", "Europe/Zagreb"),
    ("HT", "509", "America/Port-au-Prince"),
    ("HU", "36", "Europe/Budapest"),
    ("IE", "353", "Europe/Dublin"),
    ("IL", "972", "Asia/Jerusalem"),
    ("IN", "91", "Asia/Kolkata"),
    ("IQ", "964", "Asia/Baghdad"),
    ("IR", "98", "Asia/Tehran"),
    ("IS", "354", "Atlantic/Reykjavik"),
    ("IT", "39", "Europe/Rome"),
    ("JO", "962", "Asia/Amman"),
    ("JP", "81", "Asia/Tokyo"),
    ("KE", "254", "Africa/Nairobi"),
    ("KG", "996", "Asia/Bishkek"),
    ("KH", "855", "Asia/Phnom_Penh"),
    ("KM", "269", "Indian/Comoro"),
    ("KP", "850", "Asia/Pyongyang"),
    ("KR", "82", "Asia/Seoul"),
    ("KW", "965", "Asia/Kuwait"),
    ("LA", "856", "Asia/Vientiane"),
    ("LB", "961", "Asia/Beirut"),
    ("LI", "423", "Europe/Vaduz"),
    ("LK", "94", "Asia/Colombo"),
    ("LR", "231", "Africa/Monrovia"),
    ("LS", "266", "Africa/Maseru"),
    ("LT", "370", "Europe/Vilnius"),
    ("LU", "352", "Europe/Luxembourg"),
    ("LV", "371", "Europe/Riga"),
    ("LY", "218", "Africa/Tripoli"),
    ("MA", "212", "Africa/Casablanca"),
    ("MC", "377", "Europe/Monaco"),
    ("MD", "373", "Europe/Chisinau"),
    ("ME", "382", "Europe/Podgorica"),
    ("MG", "261", "Indian/Antananarivo"),
    ("MK", "389", "Europe/Skopje"),
    ("ML", "223", "Africa/Bamako"),
    ("MM", "95", "Asia/Yangon"),
    ("MO", "853", "Asia/Macau"),
    ("MR", "222", "Africa/Nouakchott"),
    ("MT", "356", "Europe/Malta"),
    ("MU", "230", "Indian/Mauritius"),
    ("MV", "960", "Indian/Maldives"),
    ("MW", "265", "Africa/Blantyre"),
    ("MY", "60", "Asia/Kuala_Lumpur"),
    ("MZ", "258", "Africa/Maputo"),
    ("NA", "264", "Africa/Windhoek"),
    ("NC", "687", "Pacific/Noumea"),
    ("NE", "227", "Africa/Niamey"),
    ("NG", "234", "Africa/Lagos"),
    ("NI", "505", "America/Managua"),
    ("NL", "31", "Europe/Amsterdam"),
    ("NO", "47", "Europe/Oslo"),
    ("NP", "977", "Asia/Kathmandu"),
    ("NZ", "64", "Pacific/Auckland"),
    ("OM", "968", "Asia/Muscat"),
    ("PA", "507", "America/Panama"),
    ("PE", "51", "America/Lima"),
    ("PH", "63", "Asia/Manila"),
    ("PK", "92", "Asia/Karachi"),
    ("PL", "48", "Europe/Warsaw"),
    ("PT", "351", "Europe/Lisbon"),
    ("PY", "595", "America/Asuncion"),
    ("QA", "974", "Asia/Qatar"),
    ("RO", "40", "Europe/Bucharest"),
    ("RS", "381", "Europe/Belgrade"),
    ("RW", "250", "Africa/Kigali"),
    ("SA", "966", "Asia/Riyadh"),
    ("SC", "248", "Indian/Mahe"),
    ("SD", "249", "Africa/Khartoum"),
    ("SE", "46", "Europe/Stockholm"),
    ("SG", "65", "Asia/Singapore"),
    ("SI", "386", "Europe/Ljubljana"),
    ("SK", "421", "Europe/Bratislava"),
    ("SL", "232", "Africa/Freetown"),
    ("SM", "378", "Europe/San_Marino"),
    ("SN", "221", "Africa/Dakar"),
    ("SO", "252", "Africa/Mogadishu"),
    ("SR", "597", "America/Paramaribo"),
    ("SS", "211", "Africa/Juba"),
    ("ST", "239", "Africa/Sao_Tome"),
    ("SV", "503", "America/El_Salvador"),
    ("SY", "963", "Asia/Damascus"),
    ("SZ", "268", "Africa/Mbabane"),
    ("TD", "235", "Africa/Ndjamena"),
    ("TG", "228", "Africa/Lome"),
    ("TH", "66", "Asia/Bangkok"),
    ("TJ", "992", "Asia/Dushanbe"),
    ("TM", "993", "Asia/Ashgabat"),
    ("TN", "216", "Africa/Tunis"),
    ("TR", "90", "Europe/Istanbul"),
    ("TW", "886", "Asia/Taipei"),
    ("TZ", "255", "Africa/Dar_es_Salaam"),
    ("UA", "380", "Europe/Kyiv"),
    ("UG", "256", "Africa/Kampala"),
    ("UY", "598", "America/Montevideo"),
    ("UZ", "998", "Asia/Tashkent"),
    ("VE", "58", "America/Caracas"),
    ("VN", "84", "Asia/Ho_Chi_Minh"),
    ("WS", "685", "Pacific/Apia"),
    ("XK", "383", "Europe/Belgrade"),
    ("YE", "967", "Asia/Aden"),
    ("ZA", "27", "Africa/Johannesburg"),
    ("ZM", "260", "Africa/Lusaka"),
    ("ZW", "263", "Africa/Harare"),
];

/// The zone of a country, by its code of two letters.
pub fn of_country(code: &str) -> Option<Zone> {
    let code = code.trim();
    let home = HOMES
        .iter()
        .find(|(country, ..)| country.eq_ignore_ascii_case(code));
    home.and_then(|(.., zone)| Zone::parse(zone))
}

/// The zone of the country of a phone number, written as `+4915550001111`.
pub fn of_phone(number: &str) -> Option<Zone> {
    let digits = number.strip_prefix('+')?;
    // No calling code is the beginning of another one.
    let home = HOMES.iter().find(|(_, code, _)| digits.starts_with(code));
    home.and_then(|(.., zone)| Zone::parse(zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_home_has_a_zone_and_a_code_of_its_own() {
        for (index, (country, code, zone)) in HOMES.iter().enumerate() {
            assert!(Zone::parse(zone).is_some(), "{zone}");
            let others = HOMES
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index);
            for (_, (other, others, _)) in others {
                assert_ne!(country, other);
                assert!(!others.starts_with(code), "{country} {other}");
            }
        }
    }

    #[test]
    fn a_number_or_a_country_says_where_somebody_lives_if_it_can() {
        let name = |zone: Option<Zone>| zone.map(|zone| zone.to_string());
        assert_eq!(
            name(of_phone("+4915550001111")).as_deref(),
            Some("Europe/Berlin")
        );
        assert_eq!(
            name(of_phone("+35312345678")).as_deref(),
            Some("Europe/Dublin")
        );
        assert_eq!(name(of_country(" jp ")).as_deref(), Some("Asia/Tokyo"));
        for unclear in ["+12025550123", "+79161234567", "4915550001111", "+"] {
            assert_eq!(of_phone(unclear), None, "{unclear}");
        }
        assert_eq!(of_country("US"), None);
        assert_eq!(of_country(""), None);
    }
}
