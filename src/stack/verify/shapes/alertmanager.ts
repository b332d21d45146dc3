import * as v from 'valibot';
import { closed, PROM_DURATION, text } from '../shape.ts';

const MATCHER = text(/^[a-zA-Z_]\w*\s*(?:=~|!~|!=|=)\s*".*"$/, 'a matcher such as severity="page"');
const matching = { matchers: v.optional(v.array(MATCHER)), continue: v.optional(v.boolean()) };
const timing = {
  group_by: v.optional(v.array(v.string())),
  group_wait: v.optional(PROM_DURATION),
  group_interval: v.optional(PROM_DURATION),
  repeat_interval: v.optional(PROM_DURATION),
};

export interface AlertRoute {
  receiver?: string | undefined;
  matchers?: string[] | undefined;
  group_by?: string[] | undefined;
  routes?: AlertRoute[] | undefined;
}
const route: v.GenericSchema<AlertRoute> = closed({
  receiver: v.optional(v.string()),
  ...matching,
  ...timing,
  routes: v.optional(v.array(v.lazy(() => route))),
}) as unknown as v.GenericSchema<AlertRoute>;

/** collector/alertmanager/alertmanager.yml. */
export const ALERTMANAGER = closed({
  global: v.optional(v.looseObject({})),
  route,
  inhibit_rules: v.optional(v.array(closed({ source_matchers: v.array(MATCHER), target_matchers: v.array(MATCHER), equal: v.optional(v.array(v.string())) }))),
  receivers: v.array(
    closed({
      name: v.string(),
      webhook_configs: v.optional(
        v.array(
          closed({
            url_file: text(/^\/etc\/alertmanager\/receivers\/[\w-]+$/, 'a file below /etc/alertmanager/receivers: no address is committed'),
            send_resolved: v.optional(v.boolean()),
            max_alerts: v.optional(v.number()),
            http_config: v.optional(v.looseObject({})),
          }),
        ),
      ),
      slack_configs: v.optional(v.array(v.looseObject({ api_url_file: v.string() }))),
      pagerduty_configs: v.optional(v.array(v.looseObject({ routing_key_file: v.string() }))),
      email_configs: v.optional(v.array(v.looseObject({ to: v.string() }))),
    }),
  ),
});
