import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import React, { useEffect, useId, useRef, useState } from 'react';

import { optionOf, OPTIONS, valuesIn, type Options } from './options';
import { labels, textFor } from './words';

/** What most components need; the rest is folded away. */
const USUAL = [
  'after',
  'when',
  'foreach',
  'cpu',
  'memory',
  'gpu',
  'image',
  'retries',
  'timeout',
  'cache'
];
const RARE = OPTIONS.map(option => option.word).filter(
  word => !USUAL.includes(word)
);

export interface IOptionsFormProps {
  options: Options;
  /** The other components, which `after` can name. */
  components: readonly string[];
  disabled?: boolean;
  trans: TranslationBundle;
  /** Whether each letter counts, because nobody knows when the form ends. */
  live?: boolean;
  /** Called with the values of a field; if not `live`, when it is left with others or Enter is pressed. */
  onChange: (word: string, values: string[]) => void;
}

/** The options of a component, one field each. */
export function OptionsForm(props: IOptionsFormProps): JSX.Element {
  const { options, trans } = props;
  const names = useId();
  const rare = RARE.some(word => options[word]?.length);
  const row = (word: string) => (
    <OptionField key={word} word={word} names={names} {...props} />
  );
  return (
    <div className="jp-mdk-OptionsForm">
      <datalist id={names}>
        {props.components.map(name => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {USUAL.map(row)}
      <details open={rare}>
        <summary>{trans.__('More options')}</summary>
        {RARE.map(row)}
      </details>
    </div>
  );
}

function OptionField(
  props: IOptionsFormProps & { word: string; names: string }
): JSX.Element {
  const { disabled, live, names, onChange, options, trans, word } = props;
  const id = useId();
  const option = optionOf(word)!;
  const { title, help } = labels(trans)[word];
  const said = textFor(word, options[word]);
  const [text, setText] = useState(said);
  useEffect(() => setText(said), [said]);
  const isLong = option.many !== '' && !option.commas;
  const put = (value: string, isAsked = false) => {
    const lines = isLong ? value.split('\n') : [value];
    const values = lines.flatMap(line => valuesIn(option, line));
    if (live || isAsked || textFor(word, values) !== said) {
      onChange(word, values);
    }
  };
  const leave = () => (live ? undefined : put(text));
  // A command may lead to another cell while the cursor is here: no field is left then, it is gone.
  const end = useRef(leave);
  end.current = leave;
  useEffect(() => () => end.current(), []);
  const type = (value: string) => {
    setText(value);
    if (live) {
      put(value);
    }
  };
  const shared = {
    id,
    className: 'jp-mod-styled',
    disabled,
    title: help,
    value: text,
    // Else it could be taken for a value.
    placeholder: trans.__('e.g. %1', option.example),
    spellCheck: false,
    onBlur: leave
  };
  return (
    <div className="jp-mdk-OptionsForm-field">
      <label htmlFor={id} title={help}>
        {title}
      </label>
      {option.plain === 'switch' ? (
        <HTMLSelect
          id={id}
          disabled={disabled}
          title={help}
          value={switchOf(text)}
          onChange={event => {
            setText(event.target.value);
            put(event.target.value);
          }}
        >
          <option value="">{trans.__('as usual')}</option>
          <option value="on">{trans.__('on')}</option>
          <option value="off">{trans.__('off')}</option>
        </HTMLSelect>
      ) : isLong ? (
        <textarea
          {...shared}
          rows={Math.max(1, text.split('\n').length)}
          onChange={event => type(event.target.value)}
        />
      ) : (
        <input
          {...shared}
          type="text"
          list={word === 'after' ? names : undefined}
          autoComplete="off"
          onChange={event => type(event.target.value)}
          onKeyDown={event => {
            if (event.key === 'Enter' && !live) {
              put(text, true);
            }
          }}
        />
      )}
    </div>
  );
}

function switchOf(text: string): string {
  const on = ['on', 'true', 'yes'].includes(text.toLowerCase());
  return on ? 'on' : text && 'off';
}
