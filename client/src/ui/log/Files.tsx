// The files a message speaks of: names, and links to where they are kept.
import type { FileReference } from "../../wire";
import { texts } from "../../texts";

export function Files({ files }: { files: readonly FileReference[] }) {
  if (!files.length) return null;
  return (
    <ul class="message__files" aria-label={texts.message.files}>
      {files.map((file) => (
        <li key={file.id}>
          {isWebAddress(file.url) ? (
            <a href={file.url} target="_blank" rel="noopener noreferrer nofollow">
              {file.name}
            </a>
          ) : (
            file.name
          )}
        </li>
      ))}
    </ul>
  );
}

/** Imports bring addresses as they were written; only those of the web may be followed. */
const isWebAddress = (url: string | null): url is string => url !== null && /^https?:\/\//iu.test(url);
