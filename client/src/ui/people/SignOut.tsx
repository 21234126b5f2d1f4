// Signing out; what has not been sent yet is asked about first.
import { useState } from "preact/hooks";
import { app } from "../../app";
import { texts } from "../../texts";
import { Alert } from "../basics/Alert";
import { Icon } from "../basics/icons";
import { useTask } from "../basics/task";

export function SignOut() {
  const words = texts.account;
  const [asked, setAsked] = useState(false);
  const task = useTask();
  const waiting = app.waiting.value.length;
  const onClick = () => {
    if (waiting && !asked) setAsked(true);
    else void task.run(() => app.signOut());
  };
  return (
    <>
      {asked && waiting > 0 && <Alert text={words.signOutWaiting(waiting)} />}
      <Alert text={task.error} />
      <button type="button" class="menu__item menu__item--danger" disabled={task.busy} onClick={onClick}>
        <Icon name="leave" />
        {asked && waiting > 0 ? words.signOutAnyway : words.signOut}
      </button>
    </>
  );
}
