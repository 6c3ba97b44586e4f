select set_config('audit.accepted', $accepted$[
]$accepted$, true) is not null as accepted \gset
