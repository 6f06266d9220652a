//! 期限の消去: what is past its time, erased and certified. The server does so by itself once a day.

use super::{Where, block_on, explain};
use crate::terminal::{Done, Outcome, say};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Where,
}

pub(crate) fn run(args: &Args) -> Outcome {
    block_on(async {
        let (config, store) = args.place.open().await?;
        let rules = store.retention_rules().await.map_err(explain)?;
        let expired = store.expire(&config.erasure_places(), true).await.map_err(explain)?;
        store.close().await;
        if rules.iter().all(|rule| rule.version == 0) {
            say!("消去手順が決まっていないため、何も消去しません。");
            say!("→ fumibako retention set で、日数と職員を二人で定めてください。");
            return Ok(Done::Partly);
        }
        say!("消去しました: {}件（証明書 {}通）", expired.objects, expired.certified);
        if expired.waiting > 0 && config.is_on_server() {
            say!(
                "証明書のない消去: {}件（データベースがサーバーにあるので、ディスクから消えたことを確かめられません）",
                expired.waiting
            );
            say!("→ サーバーの側で行うことは、docs/operating.md の「PostgreSQL での消去」にあります。");
            return Ok(Done::Partly);
        }
        if expired.waiting > 0 {
            say!("証明書を待っている消去: {}件（鍵の控えが残っているか、片付けが要ります）", expired.waiting);
            say!("→ fumibako erasure list で番号を見て、fumibako erasure certify を行ってください。");
            return Ok(Done::Partly);
        }
        Ok(Done::All)
    })
}
