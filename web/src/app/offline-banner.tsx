import { texts } from "../lib/texts";
import { useOnline } from "../lib/use-online";
import styles from "./offline-banner.module.css";

/** Says that there is no network, as long as there is none. */
export function OfflineBanner() {
  const online = useOnline();
  return (
    <div role="status" className={styles.banner}>
      {!online && <p>{texts.app.offline}</p>}
    </div>
  );
}
