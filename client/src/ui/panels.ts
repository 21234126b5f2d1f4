// What opens above a page, together: the page stands without them, and they come right after it.
// Not among them: the switcher, which people type into before they have looked.
export { Account } from "./Account";
export { Reactors, Revisions } from "./Behind";
export { ChannelDetails } from "./ChannelDetails";
export { CreateChannel } from "./CreateChannel";
export { Formatting } from "./Formatting";
export { NewDirect } from "./NewDirect";
export { Preferences } from "./Preferences";
export { ShortcutList } from "./ShortcutList";
