/// What `fumibako init` writes.
pub(crate) const TEMPLATE: &str = r#"# 文箱の設定。相対パスは、このファイルのある場所から数えます。

# データの置き場所（データベースと、大きなデータ）
data = "data"

[key_store]
# マスター鍵のファイル。データとは別のディスクに置き、控えもデータの控えとは別にしてください。
file = "keys/master.key"
# 合言葉を書いたファイル。書かなければ、起動のたびに端末でたずねます。
# passphrase_file = "/run/secrets/fumibako"
# systemd の資格情報（32バイト）の名前。合言葉の代わりに使います。
# credential = "fumibako-master"
# 鍵のファイルの代わりに、鍵装置（HSM、PKCS#11）を使うとき。file は書きません。
# pkcs11 = { module = "/usr/lib/softhsm/libsofthsm2.so", token = "fumibako", pin_file = "/run/secrets/pin" }

# 消去の一覧。これがないと、消去したものが控えからよみがえるおそれがあるので、データを開きません。
# データとも封の控えとも別のディスクに置きます。書かなければ、鍵ファイルの隣（erasures）と鍵の控えのフォルダーに置きます。
# erasure_list = ["keys/erasures", "/mnt/another-disk/erasures"]

# 控え（fumibako backup run）。封と鍵は、互いにもデータとも別のディスクに置きます。
# [backup]
# boxes = "/backup/boxes"
# keys = "/backup-keys/keys"
# 残す世代の数。鍵の控えは短く: 消去のときに取り除く相手が少なくて済みます。
# keep_boxes = 14
# keep_keys = 3

# データベースを PostgreSQL に置くとき（複数の機械で動かすとき）だけ書きます。接続先は、合言葉が入るので別のファイルに書きます。
# [database]
# url_file = "keys/database-url"            # このプログラムの役割で:  postgres://fumibako:…@db.example/fumibako?sslmode=verify-full
# owner_url_file = "keys/database-owner-url" # 表の持ち主の役割で。init と upgrade だけが読みます

[listen]
# 事業所の端末がつなぐところ（クライアント証明書が要ります）
exchange = "127.0.0.1:8443"
# 端末を登録するところ（登録コードだけを受け付けます）
enrolment = "127.0.0.1:8444"
# TLS 1.3 にどうしても対応できない事業所のための窓口。書かなければ開きません（fumibako office tls12）。
# tls12 = "127.0.0.1:8445"
# 交換所に参加していない事業所が、手紙のアドレスと電話のコードで書類を受け取る窓口（一方向の受渡し）。クライアント証明書を
# 求めません。書かなければ開きません。開く前に docs/operating.md を読み、事業所と取り決めてください。
# handover = "127.0.0.1:8446"
# 端末から見えるこの交換所の名前
names = ["localhost"]

[tls]
# 信頼された認証局の証明書と鍵（PEM）。書かないと serve --demo でしか動きません。
# 置き換えると、1分以内に（SIGHUP を送ればすぐに）読み直します。
# certificate = "tls/server.pem"
# key = "tls/server.key"

# 証明書を、ACME（RFC 8555）に対応した認証局から自動で受け取り、更新します。certificate と key の代わりに書きます。
# 認証局が、listen.names の名前の 443 番からこの交換所のどちらかの窓口につなげることが要ります。
# [tls.acme]
# 認証局のアドレス。書くと、その認証局の利用規約に同意したことになります。
# directory = "https://acme.example.jp/directory"
# contact = ["anzen@example.jp"]
# 認証局のサーバーが、この機械の信頼しない認証局の証明書を使っているとき（PEM）
# authority = "tls/acme-authority.pem"
# 認証局と契約したアカウントがあるとき: その番号と、鍵（base64url）を書いたファイル
# account = "番号"
# account_key_file = "/run/secrets/acme-account"
# 証明書の種類。数日で切れる短いもの（認証局にあれば）にすると、失効を待たずに済みます。
# profile = "shortlived"

[passwords]
# どの決まりに従うか。いくつか書くと、いちばん厳しいものが効きます。
# mhlw7-2fa・careDB-2fa・mhlw7-single・careDB-single
profiles = ["mhlw7-2fa"]
# 長さの下限。二要素の決まりでは8から、ほかは13から
characters = 15
# 流出したパスワードの一覧（1行に SHA-1 を一つ。「HEX」か「HEX:件数」）。起動のときに読みます。
# breached = "breached.txt"

[training]
# 教育訓練が有効な日数と、切れてから（招かれてから）操作を制限するまでの日数
valid_days = 365
grace_days = 30

[limits]
# 一度に受け付ける大きさ（MB）
call_megabytes = 64
# 一度に受け付けるファイルの数
call_files = 2000
# 受け付けの途中で使うメモリの合計（MB）。超える分は順番を待ちます。
upload_memory_megabytes = 512
# 失効と認証局を台帳で確かめる間隔（秒、1〜240）
register_seconds = 15

[receipts]
# 届いてから受け取るまで、受け取ってから受領確認まで、受領確認から取込みの結果までの日数。過ぎたものを一覧に出します。
collect_days = 7
acknowledge_days = 3
import_days = 14

[print]
# 書類を作るプログラム。書かなければ、fumibako と同じ場所の fumibako-print を使います。
# program = "/usr/local/bin/fumibako-print"

[log]
# アクセス記録の控え（最新の署名）。データとは別のディスクに置きます。書かなければ、鍵ファイルの隣に置きます。
# anchor_file = "keys/log-anchor"
# 毎日、控えを送る宛先。starttls で送ります（tls = "none" は、この機械のメールサーバーにだけ）。
# 職員が申し込んだ「届いた知らせのメール」も、この server と from で送ります。
# mail = { server = "mail.example.jp", from = "exchange@example.jp", to = "audit@example.jp", user = "exchange", password_file = "/run/secrets/mail" }
# 控えに署名する立会人（C2SP tlog-witness）
# [[log.witness]]
# url = "https://witness.example.jp"
# key = "witness.example.jp+…"

[clock]
# 時計を確かめる時刻サーバー（16か所まで。host か host:port）。三つ以上書くと、一つが誤っても見分けられます。
# 時計を合わせるのは chrony などの仕事です。文箱は、ずれを確かめて記録するだけです。
# sources = ["ntp.nict.jp", "ntp.jst.mfeed.ad.jp", "time.cloudflare.com"]
"#;
