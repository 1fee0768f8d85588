"""One day, all views: the same group on two views, where it lies, what the rules suggest. Pure.

``read`` is the job on one page. ``correspondence`` finds the same group on two views, ``location`` says where
it lies, ``laterality`` how both breasts compare, ``judgment`` what it is taken for, ``facts`` what is known
of it, ``statements`` what a person says of it. ``rule_table`` and ``lexicon_table`` read the rules and the
words, ``assess`` applies them, ``settings`` holds the numbers.
"""
