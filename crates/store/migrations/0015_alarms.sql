-- 重要な知らせ: what every administrator, key custodian and auditor of the operator is told, until each has seen it (R6.6).
CREATE TABLE operator_alarm (
    alarm_id  TEXT PRIMARY KEY,
    kind      TEXT NOT NULL,                 -- 'key-emergency', 'key-drill', 'key-recovery-refused'
    subject   TEXT NOT NULL,                 -- the emergency; '' where there is none
    raised_at TEXT NOT NULL,
    mailed_at TEXT                           -- when a mail server took it; NULL where none is set up
);
CREATE INDEX operator_alarm_newest ON operator_alarm (raised_at);

CREATE TABLE operator_alarm_seen (
    alarm_id   TEXT NOT NULL REFERENCES operator_alarm (alarm_id),
    account_id TEXT NOT NULL REFERENCES account (account_id),
    seen_at    TEXT NOT NULL,
    PRIMARY KEY (alarm_id, account_id)
);

CREATE TRIGGER operator_alarm_is_never_removed BEFORE DELETE ON operator_alarm
BEGIN SELECT RAISE(ABORT, 'alarms are never removed'); END;
CREATE TRIGGER operator_alarm_is_never_changed BEFORE UPDATE ON operator_alarm
 WHEN NEW.alarm_id <> OLD.alarm_id OR NEW.kind <> OLD.kind OR NEW.subject <> OLD.subject OR NEW.raised_at <> OLD.raised_at
BEGIN SELECT RAISE(ABORT, 'alarms are never changed'); END;
CREATE TRIGGER operator_alarm_seen_is_never_removed BEFORE DELETE ON operator_alarm_seen
BEGIN SELECT RAISE(ABORT, 'that somebody saw an alarm is never removed'); END;

-- Ending a hold takes two: one asks, another agrees (R11.6). At a terminal both are named at once.
ALTER TABLE retention_hold ADD COLUMN release_asked_by TEXT;
ALTER TABLE retention_hold ADD COLUMN release_asked_at TEXT;
