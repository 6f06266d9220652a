//! 利用者基本情報, 介護予防サービス・支援計画書, their 別表 and their withdrawal.

use super::dice::Dice;
use super::people::half_width;
use super::sheet::Sheet;
use super::themes;
use super::{Case, Maker, Purpose};
use crate::FileKind;

/// 枝番 has four digits.
const IMAGES_MAX: u16 = 9_999;

/// 利用者基本情報 with its 別表; the second value counts the people who have a picture of the family.
pub(super) fn basic_info(maker: &Maker<'_>) -> (Vec<Sheet>, u16) {
    let mut basic = Sheet::new(FileKind::Upkihon);
    let mut timetable = Sheet::new(FileKind::UpkihonSub1);
    let mut diseases = Sheet::new(FileKind::UpkihonSub2);
    let mut images = 0;
    for case in maker.cases() {
        let mut dice = maker.dice(case.index, Purpose::Prevention);
        let image = (case.index % 3 == 0 && images < IMAGES_MAX).then(|| {
            images += 1;
            maker.image_name(images)
        });
        person(&mut basic, maker, &case, &mut dice, image);
        for (activity, start, _) in themes::DAILY {
            maker
                .keyed(&mut timetable, &case)
                .put("consultation_date", case.consulted_on())
                .put("time_text", format_args!("{}:{}", start[..2].trim_start_matches('0'), &start[2..]))
                .put("person_routine", activity)
                .put("family_routine", dice.pick(&["", "仕事のため不在", "見守り・声かけ"]));
        }
        for _ in 0..dice.between(1, 3) {
            let (when, name) = dice.pick(themes::SYMPTOMS);
            maker
                .keyed(&mut diseases, &case)
                .put("consultation_date", case.consulted_on())
                .put("date_text", when)
                .put("disease_name", name)
                .put("medical_institution", "例示クリニック　仮野医師")
                .put("doctor_flag", dice.between(1, 2))
                .put("medical_phone", "0195-00-0001")
                .put("progress", dice.pick(&["01", "01", "02", "03"]))
                .put("treatment_detail", "内服（朝・夕）, 月１回通院");
        }
    }
    (vec![basic, timetable, diseases], images)
}

/// 支援計画書 with its 別表.
pub(super) fn plan(maker: &Maker<'_>) -> Vec<Sheet> {
    let mut plan = Sheet::new(FileKind::Upyobo);
    let mut table = Sheet::new(FileKind::UpyoboSub);
    for case in maker.cases() {
        let mut dice = maker.dice(case.index, Purpose::Prevention);
        support_plan(&mut plan, maker, &case, &mut dice);
        support_table(&mut table, maker, &case, &mut dice);
    }
    vec![plan, table]
}

pub(super) fn basic_info_withdrawal(maker: &Maker<'_>) -> Vec<Sheet> {
    let mut sheet = Sheet::new(FileKind::Dltkihon);
    for case in maker.cases() {
        maker.keyed(&mut sheet, &case).put("consultation_date", case.consulted_on());
    }
    vec![sheet]
}

pub(super) fn plan_withdrawal(maker: &Maker<'_>) -> Vec<Sheet> {
    let mut sheet = Sheet::new(FileKind::Dltyobo);
    for case in maker.cases() {
        maker.keyed(&mut sheet, &case).put("plan_date", case.plan_date);
    }
    vec![sheet]
}

/// 利用者基本情報 has no code for 事業対象者; 非該当 comes nearest.
fn level_of_basic_info(level: &'static str) -> &'static str {
    if level == "06" { "01" } else { level }
}

fn person(sheet: &mut Sheet, maker: &Maker<'_>, case: &Case, dice: &mut Dice, image: Option<String>) {
    let person = &case.person;
    let method = dice.between(1, 3);
    let state = if dice.one_in(6) { "02" } else { "01" };
    let mut row = maker.keyed(sheet, case);
    row.put("consultation_date", case.consulted_on())
        .put("plan_kind", maker.plan_kind())
        .put("entrusted", maker.entrusted())
        .put("author_name", maker.manager())
        .put("consultation_method", format_args!("{method:02}"))
        .put("present_state", state)
        .put("person_name_kana", half_width(&person.name.kana))
        .put("person_name", &person.name.kanji)
        .put("sex", person.sex)
        .put("birth_date", person.birth)
        .put("person_address", format_args!("{} {}", person.address[0], person.address[1]))
        .put("person_phone", &person.phone)
        .put("disability_independence", dice.pick(&["01", "11", "12", "21"]))
        .put("dementia_independence", dice.pick(&["01", "02", "03"]))
        .put("care_level", level_of_basic_info(case.care.level))
        .put("certification_valid_from", person.valid_from)
        .put("certification_valid_to", person.valid_to)
        .put("previous_care_level", dice.pick(&["", "01", "12", "21"]))
        .put("checklist_result", dice.between(1, 2))
        .put("checklist_date", person.certified_on)
        .put("disability_physical", dice.below(2))
        .put("disability_intellectual", 0)
        .put("disability_mental", 0)
        .put("disability_intractable_disease", 0)
        .put("disability_note", "身障手帳３級，膝関節機能障害")
        .put("housing_type", dice.pick(&["01", "05", "08"]))
        .put("own_room_floor", dice.between(1, 2))
        .put("house_renovated", dice.between(1, 2))
        .put("pension_national", 1)
        .put("pension_employees", dice.below(2))
        .put("pension_disability", 0)
        .put("public_assistance", u32::from(person.insured.starts_with('H')))
        .put("economic_detail", "年金（2か月ごと）, 長女が管理")
        .put("visitor_name", &person.family[0].kanji)
        .put("visitor_address", "同上")
        .put("visitor_phone", &person.phone)
        .put("visitor_relationship", "長女")
        .put("family_situation", "長女夫婦と同居。\"日中は独り\"で過ごす。\r\n長男は県外（年２回帰省）。")
        .put("life_history", "㈱例示製作所に定年まで勤務～退職後は畑仕事。")
        .put("daily_life_overall", "起床６時、散歩、昼寝－１時間、テレビ")
        .put("hobbies", "囲碁･将棋, カラオケ")
        .put("social_relations", "老人会「ふみの会」に月２回参加")
        .put("public_services_used", "配食ｻｰﾋﾞｽ（週３回）")
        .put("informal_services_used", "隣人の見守り")
        .put("consent_date", case.consulted_on())
        .put("consenter_name", &person.name.kanji);
    if method == 3 {
        row.put("consultation_method_other", "訪問（民生委員に同行）");
    }
    if state == "02" {
        row.put("present_state_note", "例示病院に入院中、今月末に退院予定");
    }
    if dice.one_in(2) {
        row.put("consultation_count", "02").put("previous_consultation_date", case.consulted_on().plus(-30));
    } else {
        row.put("consultation_count", "01");
    }
    for (no, relative) in (1..=dice.between(1, 2)).zip(&person.family) {
        row.put(&format!("emergency{no}_name"), &relative.kanji)
            .put(&format!("emergency{no}_relationship"), if no == 1 { "長女" } else { "長男" })
            .put(&format!("emergency{no}_address"), if no == 1 { "同居" } else { "県外（詳細は担当まで）" })
            .put(&format!("emergency{no}_phone"), format_args!("090-0000-{:04}", dice.below(10_000)));
    }
    if let Some(image) = image {
        row.put("family_image_file", image);
    }
}

fn support_plan(sheet: &mut Sheet, maker: &Maker<'_>, case: &Case, dice: &mut Dice) {
    let person = &case.person;
    let mut row = maker.keyed(sheet, case);
    row.put("plan_date", case.plan_date)
        .put("plan_kind", maker.plan_kind())
        .put("entrusted", maker.entrusted())
        .put("reference_no", format_args!("第{}号", case.index + 1))
        .put("person_name", &person.name.kanji)
        .put("certification_date", person.certified_on)
        .put("certification_valid_from", person.valid_from)
        .put("certification_valid_to", person.valid_to)
        .put("plan_category", dice.pick(&["11", "21"]))
        .put("certification_status", "2")
        .put(
            "support_level",
            match case.care.level {
                "12" => "1",
                "13" => "2",
                _ => "3",
            },
        )
        .put("author_center_staff_name", "想定　包子")
        .put("author_care_manager_name", maker.manager())
        .put("author_office_name", maker.planner_name())
        .put("author_office_address", "架空県文箱市本町１－１")
        .put("author_office_phone", "0195-00-0000")
        .put("first_plan_date", case.plan_date.plus(-i64::from(dice.between(0, 400))))
        .put("support_center_name", "文箱市地域包括支援センター（架空）")
        .put("target_life_day", "毎朝、庭に出て草花の手入れをする")
        .put("target_life_year", "孫と\"桜まつり\"に出かける")
        .put("health_notes", "高血圧。塩分を控える（１日６ｇ未満）")
        .put("support_policy", "自分でできることを続けられるよう支援する")
        .put("overall_policy", dice.pick(themes::POLICIES))
        .put("support_center_opinion", "")
        .put("consent_date", case.plan_date)
        .put("consenter_name", &person.name.kanji);
    let areas = [
        ("mobility", "杖で歩くが, ふらつくことがある", "外出を続けたい"),
        ("daily_life", "調理はできるが掃除が難しい", "家のことは自分でしたい"),
        ("social", "電話で友人と話す\n外出は月２回", "老人会に行きたい"),
        ("health", "通院は月１回、ﾀｸｼｰを利用", "痛みを減らしたい"),
    ];
    for (area, current, intention) in areas {
        let exists = dice.between(1, 2);
        row.put(&format!("{area}_current"), current)
            .put(&format!("{area}_intention"), format_args!("本人：{intention}"))
            .put(&format!("{area}_issue_exists"), exists);
        if exists == 1 {
            row.put(&format!("{area}_issue"), "膝の痛みと筋力の低下（背景：外出の減少）");
        }
    }
    for list in ["exercise", "nutrition", "oral", "seclusion", "forgetfulness", "depression"] {
        let count = dice.below(4);
        row.put(&format!("checklist_count_{list}"), count)
            .put(&format!("program_needed_{list}"), if count > 2 { 1 } else { 2 });
    }
}

fn support_table(sheet: &mut Sheet, maker: &Maker<'_>, case: &Case, dice: &mut Dice) {
    let period = format!("{}～{}", case.plan_date.reiwa(), case.plan_date.plus(183).reiwa());
    for (issue, planned) in case.care.planned.iter().enumerate() {
        let theme = dice.pick(themes::of(planned.service.style));
        for support in 1..=dice.between(1, 2) {
            for used in 1..=dice.between(1, 2) {
                let mut row = maker.keyed(sheet, case);
                row.put("plan_date", case.plan_date)
                    .put("issue_no", issue + 1)
                    .put("support_plan_no", support)
                    .put("service_no", used)
                    .put("service_period", &period);
                if support == 1 && used == 1 {
                    row.put("overall_issue", theme.issue)
                        .put("proposed_goal_and_measures", theme.content)
                        .put("intention", "本人・家族：やってみたい")
                        .put("goal", theme.long_term);
                }
                if used == 1 {
                    row.put("support_points", theme.short_term[support as usize - 1])
                        .put("self_care_and_informal_support", theme.informal.0)
                        .put("insured_service_or_program", planned.service.label)
                        .put("service_kind_text", planned.service.label)
                        .put("service_office_text", &planned.provider.name);
                } else {
                    row.put("service_kind_text", theme.informal.1).put("service_office_text", theme.informal.2);
                }
            }
        }
    }
}
