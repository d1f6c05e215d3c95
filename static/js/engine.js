// The page of one engine: its state, its slots, the end of its log.
import "./live/engines.js";
import "./live/slots.js";
import * as socket from "./live/socket.js";
import { start } from "./live/log-tail.js";

start(socket);
