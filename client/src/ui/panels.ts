// What opens above a channel or in its place, together: the page stands without them, and they come right after it.
// Not among them: the switcher, which people type into before they have looked.
export { Account } from "./Account";
export { Browse } from "./Browse";
export { Reactors, Revisions } from "./Behind";
export { ChannelDetails } from "./ChannelDetails";
export { CreateChannel } from "./CreateChannel";
export { Formatting } from "./Formatting";
export { NewDirect } from "./NewDirect";
export { People } from "./People";
export { Preferences } from "./Preferences";
export { ShortcutList } from "./ShortcutList";
