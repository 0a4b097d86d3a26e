import { app } from 'electron'

/** The desktop application. */
void app.whenReady()
