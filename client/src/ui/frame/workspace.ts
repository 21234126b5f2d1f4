// The name its owner gave this place.
import { texts } from "../../texts";

export const workspace = (): string => document.getElementById("app")?.dataset.workspace || texts.product;
