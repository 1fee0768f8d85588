"""One day, all views: the same group on two views, where it lies, what the rules suggest. Pure.

``read`` is the job on one page. ``correspondence`` finds the same group on two views, ``location`` says where
it lies, ``laterality`` how both breasts compare, ``facts`` what is known of it. ``rule_table`` reads the
rules, ``assess`` applies them, ``settings`` holds the numbers.
"""
