// Something that takes a moment and may fail: whether it runs, and what to tell beside it when it failed.
import { useState } from "preact/hooks";
import { asRefusal } from "../../transport/refusal";

export interface Task {
  busy: boolean;
  error: string;
  /** The argument at fault, where the server named one. */
  field: string | null;
  run(work: () => Promise<unknown>): Promise<boolean>;
}

export function useTask(): Task {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<{ message: string; field: string | null } | null>(null);
  const run = async (work: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setFailure(null);
    try {
      await work();
      return true;
    } catch (error) {
      const { message, field } = asRefusal(error);
      setFailure({ message, field });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, error: failure?.message ?? "", field: failure?.field ?? null, run };
}
