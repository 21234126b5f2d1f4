// What opens above a page, together: the page stands without them, and they come right after it.
// Not among them: the switcher, which people type into before they have looked.
export { Account } from "../people/Account";
export { Reactors, Revisions } from "../log/Behind";
export { ChannelDetails } from "../channel/ChannelDetails";
export { CreateChannel } from "../channel/CreateChannel";
export { Formatting } from "../write/Formatting";
export { NewDirect } from "../people/NewDirect";
export { Preferences } from "../people/Preferences";
export { ShortcutList } from "../go/ShortcutList";
