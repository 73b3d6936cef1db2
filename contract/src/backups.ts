/** The prefix under which every backup lies in the backup bucket: the only one that may be written to. */
export const backupsPrefix = "backups";
