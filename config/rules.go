package config

// Rule names what a fault breaks. The names are stable, so that tests and
// scripts can rely on them; testdata has a .bad.yaml for each.
type Rule string

// Rules of form, which reading and decoding check.
const (
	RuleUnreadable   Rule = "unreadable"    // the file cannot be read
	RuleTooLarge     Rule = "too-large"     // file, or what its aliases make of it
	RuleSyntax       Rule = "syntax"        // not YAML
	RuleOneDocument  Rule = "one-document"  // several YAML documents, or none
	RuleAlias        Rule = "alias"         // an alias without its anchor, an anchor given twice, a merge of no mapping
	RuleUnknownKey   Rule = "unknown-key"   //
	RuleDuplicateKey Rule = "duplicate-key" //
	RuleNoValue      Rule = "no-value"      // a key with nothing behind it
	RuleType         Rule = "type"          // text for a number and the like
	RuleDuration     Rule = "duration"
	RuleSize         Rule = "size"
	RuleWeight       Rule = "weight"
	RuleHedgeAfter   Rule = "hedge-after"
)

// Rules of meaning for the gateway as a whole.
const (
	RuleRange          Rule = "range"         // a number, duration or size that makes no sense
	RuleAddress        Rule = "address"       // not host:port
	RuleSameAddress    Rule = "same-address"  // both listeners on one port
	RuleRegistryKind   Rule = "registry-kind" // unknown
	RuleRegistryKey    Rule = "registry-key"  // a key of another kind of registry, or one that can't be meant
	RuleEmptyFolder    Rule = "empty-folder"  //
	RuleTrust          Rule = "trust"         // no network or address
	RuleTLS            Rule = "tls"           // half of a key pair, or nothing to prove
	RuleKeys           Rule = "keys"          // no file, or where keys would be told
	RuleAdminExposed   Rule = "admin-exposed" // others reach the admin API, and need nothing for it
	RuleAdminTokens    Rule = "admin-tokens"  // no file, or a key that means nothing without one
	RuleStyle          Rule = "style"
	RuleAccessLog      Rule = "access-log"      // no output, or nothing to put there
	RuleTracing        Rule = "tracing"         // no collector's URL
	RuleDiscovery      Rule = "discovery"       // no address, or two tokens
	RuleNoModels       Rule = "no-models"       //
	RuleModelName      Rule = "model-name"      //
	RuleProtocol       Rule = "protocol"        // missing, unknown, or not in this release
	RulePrefixMissing  Rule = "prefix-missing"  // the protocol has none of its own
	RulePrefix         Rule = "prefix"          // not a path
	RulePrefixTwice    Rule = "prefix-twice"    // two models with one prefix
	RuleAssignOne      Rule = "assign-one"      // more than one key to stick by
	RuleHeaderName     Rule = "header-name"     // no header's name, or one that cannot carry this
	RuleCookieName     Rule = "cookie-name"     //
	RuleUpstreamTLS    Rule = "upstream-tls"    // half of a key pair, or a check that checks nothing
	RuleBalance        Rule = "balance"         //
	RuleHedge          Rule = "hedge"           // of a model whose requests may not run twice
	RuleBalanceKey     Rule = "balance-key"     // by a key that is none
	RuleHealthPath     Rule = "health-path"     //
	RuleShadowMemory   Rule = "shadow-memory"   // one body would not fit
	RuleShadowNoise    Rule = "shadow-noise"    // requests run twice that may not, or for nobody
	RuleMonitorMemory  Rule = "monitor-memory"  // one exchange would not fit
	RuleReference      Rule = "reference"       //
	RuleSlice          Rule = "slice"           // empty or twice
	RuleFeature        Rule = "feature"         // no names, an empty one, or one twice
	RuleText           Rule = "text"            // an empty column, one twice, or one that is an embedding
	RuleEmbedding      Rule = "embedding"       // without dimensions, too large, or with names for its elements
	RuleStrategy       Rule = "strategy"        // unknown, or a key of another one
	RuleShadowStage    Rule = "shadow-stage"    // copies that can't be made, or compared with nothing
	RuleHook           Rule = "hook"            // no URL, no event, or nothing to sign with
	RuleAutomation     Rule = "automation"      //
	RuleNoSteps        Rule = "no-steps"        //
	RuleStepWeight     Rule = "step-weight"     // missing, or not in (0, 100]
	RuleStepOrder      Rule = "step-order"      // weights do not grow
	RuleDeadline       Rule = "deadline"        // a step cannot end before it
	RuleNoGuardrails   Rule = "no-guardrails"   // nothing to judge by
	RuleMetric         Rule = "metric"          // missing or unknown
	RuleMargin         Rule = "margin"          // out of its metric's range
	RuleQuantile       Rule = "quantile"        // on another metric than latency, or not in (0, 1)
	RuleGuardrailTwice Rule = "guardrail-twice" //
	RuleSource         Rule = "source"          // no server, or what can't be meant of one
	RuleGuardrailSlice Rule = "guardrail-slice" // of a field that is not watched, or of latency or quality
	RuleGuardrailOff   Rule = "guardrail-off"   // quality without a monitor
)
